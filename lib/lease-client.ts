import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { StoreLeaseClient, type StoreClientOptions } from "./client/lease-client.ts";
import { invalid } from "./core/errors.ts";
import type { LeaseStore } from "./core/ports.ts";
import type { ReleaseResult } from "./core/term.ts";
import { DynamoDBLeaseStore } from "./dynamodb/store.ts";

/** Options of a {@link LeaseClient}: a table, or a store of your own; timings; a name for its candidates. */
export interface LeaseClientOptions extends Omit<StoreClientOptions, "store"> {
  /** Name (or ARN) of the lease table. Give either this or `store`. */
  readonly tableName?: string | undefined;
  /**
   * The SDK client to send with, plain or document. It is used as it is and never destroyed.
   * @default - a new `DynamoDBClient` from the environment, destroyed by `close()`
   */
  readonly client?: DynamoDBClient | DynamoDBDocumentClient | undefined;
  /** Where the leases live instead of a table, for example the in-memory store of `leasehold/testing`. */
  readonly store?: LeaseStore | undefined;
}

/**
 * Elections on a DynamoDB lease table.
 *
 * One client serves any number of leases and of concurrent calls; make one per process, outside of the
 * Lambda handler. Nothing is sent before the first call.
 */
export class LeaseClient extends StoreLeaseClient {
  readonly #owned: DynamoDBLeaseStore | undefined;

  /** @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound */
  constructor(options: LeaseClientOptions) {
    const { tableName, client, store, ...rest } = options;
    if (store !== undefined && (tableName !== undefined || client !== undefined)) {
      throw invalid("give either tableName (and client) or store, not both");
    }
    const owned =
      store === undefined ? new DynamoDBLeaseStore({ tableName: tableName as string, client }) : undefined;
    super({ ...rest, store: store ?? (owned as DynamoDBLeaseStore) });
    this.#owned = owned;
  }

  override async close(): Promise<readonly ReleaseResult[]> {
    const results = await super.close();
    this.#owned?.destroy();
    return results;
  }
}
