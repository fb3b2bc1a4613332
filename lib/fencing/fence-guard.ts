import { Exchange } from "../client/exchange.ts";
import { chooseStore, STORE_NAMES, type StoreChoice } from "../dynamodb/store-choice.ts";
import { timekeeperOf } from "../client/timekeeper.ts";
import { systemClock, systemRandom } from "../client/system-ports.ts";
import { because, invalid, LeaseError } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { parseName } from "../core/names.ts";
import { admit } from "../core/auxiliary-writes.ts";
import type { Clock } from "../core/ports.ts";
import { publish } from "../diagnostics/channels.ts";
import { DEFAULT_TIMING, parseWholeMs, show } from "../core/timing.ts";

/** Options of a {@link FenceGuard}: the table of the marks, which any lease table can be, or a store of your own. */
export interface FenceGuardOptions extends StoreChoice {
  /**
   * How long one request, the SDK's own retries included, may take, in ms: 50 to 60,000.
   * @default 3_000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * The process's clocks and timers.
   * @default - the system's
   */
  readonly clock?: Clock | undefined;
}

/** The highest token that a guard admits: its condition names the number above it, and JavaScript counts that exactly. */
const MAX_TOKEN = Number.MAX_SAFE_INTEGER - 1;

const NAMES: Names<FenceGuardOptions> = { ...STORE_NAMES, requestTimeoutMs: true, clock: true };

/**
 * A durable high-water mark of tokens per resource, for side effects on what cannot check a token itself: an API,
 * a mail server, a bus.
 *
 * **It narrows the gap and does not close it.** A leader that is paused between `admit` and the side effect acts
 * after a later term was admitted. Only a store that checks the token in the very write can prevent that (`fenced`,
 * docs/fencing.md). Where it matters, ask `lease.assertHeld({ needMs })` right after `admit`, and give the side effect an
 * idempotency key.
 *
 * The mark is an item of the lease table under the resource's name, sort key `"fence"`: IAM's grant has to name
 * the resource as it names the lease (`grantCampaign(fn, "lease", "resource")`). It has no TTL, on purpose: a mark that
 * is deleted admits every older token again. Tokens of different leases, or shards, do not compare: one resource, one lease
 * or one shard.
 */
export class FenceGuard implements AsyncDisposable {
  readonly #exchange: Exchange;
  readonly #requestTimeoutMs: number;
  readonly #destroy: () => void;

  /** @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound */
  constructor(options: FenceGuardOptions) {
    parseKnown(options, NAMES, "FenceGuard");
    const { requestTimeoutMs, clock = systemClock } = options ?? {};
    const fallback = DEFAULT_TIMING.requestTimeoutMs;
    this.#requestTimeoutMs = parseWholeMs(requestTimeoutMs, "requestTimeoutMs", fallback, 50, 60_000);
    const chosen = chooseStore(options ?? {});
    this.#destroy = () => chosen.destroy();
    this.#exchange = new Exchange(chosen.store, timekeeperOf(clock), DEFAULT_TIMING);
  }

  /**
   * Admits a term to a resource: 1 request. Resolves when the token is at least the highest admitted so far, and now is
   * the highest on record, so that every lower one is refused from here on. The same token is admitted any number
   * of times.
   *
   * @param resource what the side effects go to: 1 to 2,048 bytes, the partition key of the mark's row
   * @param token the term's `lease.token`
   * @throws {LeaseError} FENCED when a higher token was admitted before (the error's `token` says which): do not act
   * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether the token was recorded: do not act; admit again
   * @throws {LeaseError} INVALID_ARGUMENT, TABLE_NOT_FOUND, TABLE_MISCONFIGURED, ACCESS_DENIED, CREDENTIALS_UNAVAILABLE
   */
  async admit(resource: string, token: number): Promise<void> {
    parseName(resource, "resource");
    if (!Number.isSafeInteger(token) || token < 1 || token > MAX_TOKEN) {
      throw invalid(`token must be a whole number from 1 to ${MAX_TOKEN}, not ${show(token)}`);
    }
    const write = admit(resource, systemRandom.id(), token);
    const { outcome } = await this.#exchange.write(write, this.#requestTimeoutMs);
    switch (outcome.kind) {
      case "written":
        return;
      case "refused": {
        const winner = outcome.current?.token;
        publish("fenced", { lease: resource, holder: undefined, token, winner, by: "guard" });
        const message = `resource "${resource}" has admitted token ${winner}, so token ${token} is refused; do not act, stop the leader's work`;
        throw new LeaseError("FENCED", message, { lease: resource, token: winner });
      }
      case "unknown": {
        const message = `resource "${resource}": nobody can say whether token ${token} was admitted; do not act, admit it again${because(outcome.cause)}`;
        throw new LeaseError("STORE_UNAVAILABLE", message, { lease: resource, cause: outcome.cause });
      }
      default:
        outcome satisfies never;
    }
  }

  /** Destroys the SDK client if this guard made it. */
  async close(): Promise<void> {
    this.#destroy();
  }

  /** Closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
