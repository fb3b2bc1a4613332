import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Engine, engineClient, startEngine } from "../../local/engine.ts";
import { createLeaseTable, createTable, putRow } from "../support/lease-tables.ts";

/** What the tests of fenced writes stand on: an engine with a lease table and a table of orders. */
export interface FencedGround extends AsyncDisposable {
  readonly engine: Engine;
  readonly admin: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  /** A name that no other test uses, for a lease or an order. */
  readonly unique: () => string;
  /** Puts a lease row in place as an election leaves it, and returns the term. */
  readonly elect: (name: string, token: number, holder?: string) => Promise<Elected>;
  /** Reads an order past the fence; its key left out. */
  readonly order: (id: string) => Promise<Record<string, unknown> | undefined>;
}

/** A term, as `fenced` takes it. */
export interface Elected {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly tableName: string;
}

/** The tables' names. */
export const LEASES = "leases";
export const ORDERS = "orders";

/** Starts the engine and creates the tables. */
export async function fencedGround(): Promise<FencedGround> {
  const engine = await startEngine();
  const admin = engineClient(engine.endpoint);
  const documents = DynamoDBDocumentClient.from(admin);
  await createLeaseTable(admin, LEASES);
  await createTable(admin, ORDERS, "id", undefined);
  let names = 0;
  return {
    engine,
    admin,
    documents,
    unique: () => `name-${(names += 1)}`,
    async elect(name, token, holder = `holder-of-${token}`) {
      await putRow(admin, LEASES, { pk: name, sk: "lease", holder, token, revision: 1, writeId: "w" });
      return { name, holder, token, tableName: LEASES };
    },
    async order(id) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: ORDERS, Key: { id }, ConsistentRead: true }),
      );
      const { id: _, ...rest } = Item ?? {};
      return Item && rest;
    },
    async [Symbol.asyncDispose]() {
      admin.destroy();
      await engine.stop();
    },
  };
}

/** Makes an input that nobody can change, however deep. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** Waits for a promise to be rejected, and returns with what. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const failure: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(failure instanceof Error)) throw new Error("it was not rejected with an error");
  return failure as Error & Record<string, unknown>;
}
