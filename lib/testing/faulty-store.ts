import { LeaseError } from "../core/errors.ts";
import type { ReadOutcome, WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, Clock, LeaseStore, ListPage, Random, RowsPage } from "../core/ports.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import { type FaultCounts, type FaultRates, noFaults, parseRates } from "./faults.ts";

const MOST_DELAY_MS = 20_000;
const TYPICAL_MS = 20;

/** Options of a {@link FaultyLeaseStore}. */
export interface FaultyStoreOptions {
  /** Draws the faults: the same seed, the same faults. */
  readonly random: Random;
  /** By which answers take their time. Give the clock that the clients have. */
  readonly clock: Clock;
  /**
   * By which requests and late copies of them travel. Where the clients' clock can stop, as that of a process that is paused or killed,
   * give one that goes on: what was sent then arrives all the same.
   * @default - `clock`
   */
  readonly network?: Clock | undefined;
  /**
   * How often each fault happens. `pause`, `crash` and `skew` are faults of processes, and no matter here.
   * @default - {@link FaultRates} says
   */
  readonly faults?: FaultRates | undefined;
}

/**
 * Puts a network that loses, delays and repeats between a client and any store. What reaches the store is
 * executed as ever; a client has to live with what it is told of it.
 */
export class FaultyLeaseStore implements LeaseStore {
  readonly #store: LeaseStore;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #network: Clock;
  readonly #rates: Required<FaultRates>;
  readonly #counts = noFaults();
  #calm = false;

  /** @throws {LeaseError} INVALID_ARGUMENT for a rate out of bounds */
  constructor(store: LeaseStore, { random, clock, network = clock, faults = {} }: FaultyStoreOptions) {
    this.#store = store;
    this.#random = random;
    this.#clock = clock;
    this.#network = network;
    this.#rates = parseRates(faults);
  }

  /** How often each fault has happened so far. */
  get counts(): Readonly<FaultCounts> {
    return this.#counts;
  }

  /** Ends all faults: from now on requests pass. */
  calm(): void {
    this.#calm = true;
  }

  get tableName(): string | undefined {
    return this.#store.tableName;
  }

  async write(write: LeaseWrite, call: CallOptions): Promise<WriteOutcome> {
    await this.#onTheWay(write.name);
    if (this.#strikes("lateDuplicate")) {
      const again = (): Promise<unknown> => this.#store.write(write, call).catch(() => undefined);
      this.#network.timer(MOST_DELAY_MS * this.#random.fraction(), () => void again());
    }
    const outcome = await this.#store.write(write, call);
    if (this.#strikes("lostResponse")) return never();
    await this.#wait(this.#clock);
    return outcome;
  }

  async read(name: string, call: CallOptions, row?: string): Promise<ReadOutcome> {
    await this.#onTheWay(name);
    const outcome = await this.#store.read(name, call, row);
    await this.#wait(this.#clock);
    return outcome;
  }

  async rows(name: string, prefix: string, call: CallOptions, after?: string): Promise<RowsPage> {
    await this.#onTheWay(name);
    const page = await this.#store.rows(name, prefix, call, after);
    await this.#wait(this.#clock);
    return page;
  }

  async *list(call: CallOptions): AsyncGenerator<ListPage, void, undefined> {
    await this.#onTheWay("*");
    yield* this.#store.list(call);
  }

  async #onTheWay(lease: string): Promise<void> {
    if (this.#strikes("lostRequest")) return never();
    await this.#wait(this.#network);
    if (!this.#strikes("throttle")) return;
    await this.#wait(this.#clock);
    throw new LeaseError("STORE_UNAVAILABLE", `lease "${lease}": the store is too busy`, { lease });
  }

  #wait(clock: Clock): Promise<void> {
    const most = this.#strikes("delay") ? MOST_DELAY_MS : TYPICAL_MS;
    return new Promise((resolve) => {
      clock.timer(most * this.#random.fraction(), resolve);
    });
  }

  #strikes(kind: keyof FaultRates): boolean {
    if (this.#calm || this.#random.fraction() >= this.#rates[kind]) return false;
    this.#counts[kind] += 1;
    return true;
  }
}

/** What becomes of a call whose answer is lost: the client's own deadline has to end it. */
function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
