import { type Names, parseKnown } from "../core/known.ts";
import { judgeRefusal, type ReadOutcome, type WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, Clock, LeaseStore, ListPage, RowsPage } from "../core/ports.ts";
import type { LeaseRecord } from "../core/record.ts";
import { type EpochMs, epochMs, instant } from "../core/units.ts";
import { accepts, applied } from "../core/execution.ts";
import { storableValue } from "../core/value.ts";
import type { LeaseWrite } from "../core/lease-write.ts";

/** Options of an {@link InMemoryLeaseStore}. */
export interface InMemoryStoreOptions {
  /**
   * The clock of the service. Its wall clock is service time, shown to the second like DynamoDB's header.
   * @default - the system's
   */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /**
   * Whether responses tell service time. Without it candidates can only watch a leader's record.
   * @default true
   */
  readonly dateHeader?: boolean | undefined;
}

/**
 * A lease table in memory, for tests of your own election code. The same contract suite runs on it, on an
 * embedded DynamoDB engine and on DynamoDB Local, so an election that passes here passes there.
 *
 * One process only; it has no TTL and forgets everything with the process.
 */
export class InMemoryLeaseStore implements LeaseStore {
  readonly #records = new Map<string, LeaseRecord>();
  readonly #clock: Pick<Clock, "now">;
  readonly #dateHeader: boolean;
  #requests = 0;

  constructor(options: InMemoryStoreOptions = {}) {
    parseKnown(
      options,
      { clock: true, dateHeader: true } satisfies Names<InMemoryStoreOptions>,
      "InMemoryLeaseStore",
    );
    this.#clock = options.clock ?? {
      now: () => ({ mono: instant(performance.now()), wall: epochMs(Date.now()) }),
    };
    this.#dateHeader = options.dateHeader ?? true;
  }

  /** How many requests were made so far. */
  get requests(): number {
    return this.#requests;
  }

  async write(write: LeaseWrite): Promise<WriteOutcome> {
    this.#requests += 1;
    const key = keyOf(write.name, write.row);
    const current = this.#records.get(key);
    const servedAt = this.#servedAt();
    const set = copied(write.set, write.name);
    if (!accepts(current, write.expects)) return judgeRefusal(write, clone(current), servedAt);
    const record = applied(current, { ...write, set });
    this.#records.set(key, record);
    const tokenBefore = current?.token ?? 0;
    return { kind: "written", record: clone(record), tokenBefore, servedAt };
  }

  async read(name: string, _call?: CallOptions, row?: string): Promise<ReadOutcome> {
    this.#requests += 1;
    return { record: this.peek(name, row), servedAt: this.#servedAt() };
  }

  async *list(): AsyncGenerator<ListPage, void, undefined> {
    this.#requests += 1;
    const leases = [...this.#records].filter(([key]) => key.startsWith(`["${LEASE}",`));
    yield { records: leases.map(([, record]) => clone(record)), servedAt: this.#servedAt() };
  }

  async rows(name: string, prefix: string): Promise<RowsPage> {
    this.#requests += 1;
    const under = [...this.#records.values()].filter(
      ({ name: of, row = LEASE }) => of === name && row.startsWith(prefix),
    );
    const records = under.map(clone).sort((a, b) => ((a.row ?? LEASE) < (b.row ?? LEASE) ? -1 : 1));
    return { records, servedAt: this.#servedAt() };
  }

  /** The record of a lease as the table holds it. Not counted as a request. */
  peek(name: string, row?: string): LeaseRecord | undefined {
    return clone(this.#records.get(keyOf(name, row)));
  }

  /** Deletes a row, as TTL or an operator would. */
  delete(name: string, row?: string): void {
    this.#records.delete(keyOf(name, row));
  }

  /** Puts a row in place, as a restored backup or an operator would. */
  restore(record: LeaseRecord): void {
    this.#records.set(keyOf(record.name, record.row), clone(record));
  }

  #servedAt(): EpochMs | undefined {
    if (!this.#dateHeader) return undefined;
    return epochMs(Math.floor(this.#clock.now().wall / 1_000) * 1_000);
  }
}

const LEASE = "lease";

/** Whatever is in a name or a row, no two share a key. */
function keyOf(name: string, row: string = LEASE): string {
  return JSON.stringify([row, name]);
}

/** Nobody who wrote or reads a value can change what the table holds. */
function clone<T>(record: T): T {
  return structuredClone(record);
}

/**
 * What a table makes of the attributes of a write.
 * @throws {LeaseError} INVALID_ARGUMENT for a value that would not come back as it went
 */
function copied(set: LeaseWrite["set"], lease: string): LeaseWrite["set"] {
  return set.value === undefined ? set : { ...set, value: storableValue(set.value, lease) };
}
