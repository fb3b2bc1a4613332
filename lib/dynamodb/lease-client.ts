import { CLIENT_NAMES, type StoreClientOptions } from "../client/client-core.ts";
import { StoreLeaseClient } from "../client/lease-client.ts";
import { type Names, parseKnown } from "../core/known.ts";
import type { ReleaseResult } from "../core/term.ts";
import { chooseStore, STORE_NAMES, type StoreChoice } from "./store-choice.ts";

/** Options of a `LeaseClient`: a table, or a store of your own; timings; a name for its candidates. */
export interface LeaseClientOptions extends Omit<StoreClientOptions, "store">, StoreChoice {}

const NAMES: Names<LeaseClientOptions> = { ...STORE_NAMES, ...CLIENT_NAMES };

/**
 * Elections on a DynamoDB lease table.
 *
 * One client serves any number of leases and of concurrent calls; make one per process, outside of the
 * Lambda handler. Nothing is sent before the first call.
 */
export class LeaseClient extends StoreLeaseClient {
  readonly #destroy: () => void;

  /** @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound */
  constructor(options: LeaseClientOptions) {
    parseKnown(options, NAMES, "LeaseClient");
    const { tableName, client, store, ...rest }: LeaseClientOptions = options ?? {};
    const chosen = chooseStore({ tableName, client, store });
    super({ ...rest, store: chosen.store });
    this.#destroy = () => chosen.destroy();
  }

  override async close(): Promise<readonly ReleaseResult[]> {
    const results = await super.close();
    this.#destroy();
    return results;
  }
}
