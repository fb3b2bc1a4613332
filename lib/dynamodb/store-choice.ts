import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { invalid } from "../core/errors.ts";
import type { Names } from "../core/known.ts";
import type { LeaseStore } from "../core/ports.ts";
import { DynamoDBLeaseStore } from "./store.ts";

/** Where leases live: a table, or a store of your own. */
export interface StoreChoice {
  /**
   * Name or ARN of the lease table. Give either this or `store`. With an ARN, requests go to the ARN's region; a `client`
   * of another region is refused by the first request.
   */
  readonly tableName?: string | undefined;
  /**
   * The SDK client to send with, plain or document. It is used as it is and never destroyed.
   * @default - a new `DynamoDBClient` from the environment, for the region of an ARN, destroyed by `close()`
   */
  readonly client?: DynamoDBClient | DynamoDBDocumentClient | undefined;
  /** Where the leases live instead of a table, for example the in-memory store of `leasehold/testing`. */
  readonly store?: LeaseStore | undefined;
}

/** The names of {@link StoreChoice}; see `parseKnown`. */
export const STORE_NAMES: Names<StoreChoice> = { tableName: true, client: true, store: true };

/** A store, and what gives up what was made for it. */
export interface ChosenStore {
  readonly store: LeaseStore;
  destroy(): void;
}

/**
 * Opens the store that was chosen.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function chooseStore({ tableName, client, store }: StoreChoice): ChosenStore {
  if (store === undefined) {
    const table = new DynamoDBLeaseStore({ tableName: tableName as string, client });
    return { store: table, destroy: () => table.destroy() };
  }
  if (tableName !== undefined || client !== undefined) {
    throw invalid("give either tableName (and client) or store, not both");
  }
  return { store, destroy: () => undefined };
}
