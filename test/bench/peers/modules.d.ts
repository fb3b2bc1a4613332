/*
 * What the drivers use of packages that are installed for the benchmark alone, so that types are checked where they are not.
 */
declare module "@deliveryhero/dynamodb-lock" {
  import type { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";

  export interface Lock {
    readonly lockId: string;
  }
  export interface LockOptions {
    readonly leaseDurationInMs?: number;
    readonly prolongEveryMs?: number;
    readonly trustLocalTime?: boolean;
    readonly waitDurationInMs?: number;
  }
  export interface LockClient {
    lock(lockGroup: string, lockId: string, options?: LockOptions): Promise<Lock>;
    releaseLock(lock: Lock): Promise<void>;
  }
  export function dynamoDBLockClientFactory(
    documentClient: DynamoDBDocument,
    config: { readonly tableName: string },
  ): LockClient;
}

declare module "dynamodb-lock-client" {
  type Callback<T> = (error: Error | undefined | null, value?: T) => void;
  export interface Lock {
    readonly fencingToken?: number;
    on(event: "error", listener: (error: Error) => void): void;
    release(callback: Callback<void>): void;
  }
  export interface Client {
    acquireLock(id: string, callback: Callback<Lock>): void;
  }
  interface Common {
    readonly dynamodb: unknown;
    readonly lockTable: string;
    readonly partitionKey: string;
    readonly retryCount?: number;
  }
  export class FailOpen implements Client {
    constructor(
      config: Common & {
        readonly leaseDurationMs: number;
        readonly heartbeatPeriodMs?: number;
        readonly trustLocalTime?: boolean;
      },
    );
    acquireLock(id: string, callback: Callback<Lock>): void;
  }
  export class FailClosed implements Client {
    constructor(config: Common & { readonly acquirePeriodMs: number });
    acquireLock(id: string, callback: Callback<Lock>): void;
  }
}

declare module "aws-sdk" {
  /** Its default export. */
  const aws: {
    readonly DynamoDB: { readonly DocumentClient: new (options: object) => object };
  };
  export default aws;
}

declare module "ioredis" {
  export class Redis {
    constructor(url: string);
    disconnect(): void;
    on(event: "error", listener: (error: Error) => void): void;
  }
}

declare module "redlock" {
  import type { Redis } from "ioredis";

  export interface Lock {
    readonly value: string;
  }
  /** Its default export. */
  export default class Redlock {
    constructor(clients: readonly Redis[], options: object);
    on(event: "clientError", listener: (error: Error) => void): void;
    lock(resource: string, ttl: number): Promise<Lock>;
    extend(lock: Lock, ttl: number): Promise<Lock>;
    unlock(lock: Lock): Promise<void>;
  }
}

declare module "@sesamecare-oss/redlock" {
  import type { Redis } from "ioredis";

  export interface Lock {
    readonly value: string;
  }
  export class Redlock {
    constructor(clients: readonly Redis[], settings: object);
    acquire(resources: string[], duration: number): Promise<Lock>;
    extend(lock: Lock, duration: number): Promise<Lock>;
    release(lock: Lock): Promise<unknown>;
  }
}

declare module "etcd3" {
  export interface Lock {
    ttl(seconds: number): Lock;
    acquire(): Promise<Lock>;
    release(): Promise<void>;
  }
  export interface Campaign {
    on(event: "error", listener: (error: Error) => void): void;
    wait(): Promise<Campaign>;
    resign(): Promise<void>;
  }
  export class EtcdLockFailedError extends Error {}
  export class Etcd3 {
    constructor(options: { readonly hosts: string });
    lock(name: string): Lock;
    close(): void;
    election(name: string, ttl?: number): { campaign(value: string): Campaign };
  }
}
