import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { LeaseClient, LeaseClientOptions } from "../dynamodb/lease-client.ts";
import { misused } from "./failure.ts";
import { Output } from "./output.ts";
import type { ServiceTime } from "./service-time.ts";

/** The options that every command takes. */
export interface CommonOptions {
  readonly table?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** What a command has opened, and gives up at its end. */
interface Opened {
  readonly client: DynamoDBClient;
  readonly time: ServiceTime;
}

/**
 * One run of one command: its options, its output, and the clients that it opens. The AWS SDK is loaded when the first client is
 * asked for, so that help, completion and a wrong command line cost no time.
 */
export class Session implements AsyncDisposable {
  readonly options: CommonOptions;
  readonly output: Output;
  readonly #interrupted = new AbortController();
  readonly #interrupt = (signal: NodeJS.Signals): void => this.#interrupted.abort(signal);
  #opened: Promise<Opened> | undefined;
  #leases: LeaseClient | undefined;

  constructor(options: CommonOptions) {
    this.options = options;
    this.output = new Output(options.json === true);
  }

  /**
   * Aborted by SIGINT, SIGTERM and SIGHUP from the first time on that it is asked for; its reason is the signal's name. A command that
   * does not ask for it is ended by them as any program is.
   */
  get interrupted(): AbortSignal {
    for (const signal of INTERRUPTIONS) {
      if (!process.listeners(signal).includes(this.#interrupt)) process.on(signal, this.#interrupt);
    }
    return this.#interrupted.signal;
  }

  /** The lease table's name or ARN. @throws {CommandFailure} usage, when neither option nor environment names it */
  get tableName(): string {
    const name = this.options.table ?? process.env["LEASE_TABLE_NAME"];
    if (name) return name;
    throw misused("no lease table is named; give --table NAME, or set LEASE_TABLE_NAME");
  }

  /** The SDK client that every request of this command goes through. */
  async dynamodb(): Promise<DynamoDBClient> {
    return (await this.#open()).client;
  }

  /** The lease client on the table. Options count on the first call. */
  async leases(
    options: Omit<LeaseClientOptions, "tableName" | "client" | "store"> = {},
  ): Promise<LeaseClient> {
    const { tableName } = this;
    const client = await this.dynamodb();
    const { LeaseClient: Client } = await import("../dynamodb/lease-client.ts");
    this.#leases ??= new Client({ ...options, tableName, client });
    return this.#leases;
  }

  /** Epoch ms by the service's clock, as far as it has told. */
  async now(): Promise<number> {
    return (await this.#open()).time.now();
  }

  /** How far the service's clock is ahead of this machine's, in ms; see {@link ServiceTime}. */
  async skewMs(): Promise<number | undefined> {
    return (await this.#open()).time.aheadMs;
  }

  /** Gives up what was opened: releases leases, closes connections, and lets signals be. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of INTERRUPTIONS) process.removeListener(signal, this.#interrupt);
    await this.#leases?.close();
    (await this.#opened)?.client.destroy();
  }

  #open(): Promise<Opened> {
    this.#opened ??= open(this.options);
    return this.#opened;
  }
}

const INTERRUPTIONS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

async function open({ table, region, endpoint, profile }: CommonOptions): Promise<Opened> {
  const [{ DynamoDBClient: Client }, { ServiceTime: Time }, { parseTableName }] = await Promise.all([
    import("@aws-sdk/client-dynamodb"),
    import("./service-time.ts"),
    import("../dynamodb/table-name.ts"),
  ]);
  const named = table ?? process.env["LEASE_TABLE_NAME"];
  const where = region ?? (named?.startsWith("arn:") ? parseTableName(named).region : undefined);
  const client = new Client({
    ...(where === undefined ? {} : { region: where }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  });
  return { client, time: new Time(client) };
}
