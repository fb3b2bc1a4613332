import type { CallOptions, LeaseStore, ListPage, RowsPage } from "../../../lib/core/ports.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import type { ReadOutcome, WriteOutcome } from "../../../lib/core/outcome.ts";

/** What a store between a client and the table does besides passing on. */
export interface CountedStoreOptions {
  /** Told of each request by its kind, when it is asked for. */
  readonly onRequest?: ((kind: string) => void) | undefined;
}

/** What was counted. */
export interface Counted {
  readonly counts: Readonly<Record<string, number>>;
  readonly mostWritesInASecond: number;
}

const WINDOW_MS = 1_000;

/** Passes requests on, and counts them by kind. */
export class CountedStore implements LeaseStore {
  readonly tableName: string | undefined;
  readonly #store: LeaseStore;
  readonly #onRequest: CountedStoreOptions["onRequest"];
  /** When each write was sent, by the monotonic clock, of one partition key: all that is measured here has one. */
  #sent: number[] = [];
  #counts = new Map<string, number>();

  constructor(store: LeaseStore, { onRequest }: CountedStoreOptions = {}) {
    this.#store = store;
    this.tableName = store.tableName;
    this.#onRequest = onRequest;
  }

  /** How many requests there were of each kind since the counts were taken last. */
  take(): Counted {
    const taken = {
      counts: Object.fromEntries(this.#counts),
      mostWritesInASecond: mostInAWindow(this.#sent, WINDOW_MS),
    };
    this.#counts = new Map();
    this.#sent = [];
    return taken;
  }

  async write(write: LeaseWrite, call: CallOptions): Promise<WriteOutcome> {
    this.#count(`${write.kind} ${rowKind(write.row)}`);
    this.#sent.push(performance.now());
    return this.#store.write(write, call);
  }

  read(name: string, call: CallOptions, row?: string): Promise<ReadOutcome> {
    this.#count(`read ${rowKind(row)}`);
    return this.#store.read(name, call, row);
  }

  rows(name: string, prefix: string, call: CallOptions, after?: string): Promise<RowsPage> {
    this.#count(prefix === "" ? "rows of all" : `rows of ${prefix.replace("#", "")}`);
    return this.#store.rows(name, prefix, call, after);
  }

  list(call: CallOptions): AsyncIterable<ListPage> {
    return this.#store.list(call);
  }

  #count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#onRequest?.(kind);
  }
}

/** What a row is: a lease's own where none is named. */
function rowKind(row: string | undefined): "lease" | "session" | "shard" | "candidate" {
  if (row === undefined) return "lease";
  if (row.startsWith("session#")) return "session";
  return row.startsWith("candidate#") ? "candidate" : "shard";
}

/** How many writes there were among the requests. */
export function writesOf(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts)
    .filter(([kind]) => !/^(rows|read)/.test(kind))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** The most instants, of an ascending list, that lie within any window of so many ms. */
export function mostInAWindow(instants: readonly number[], windowMs: number): number {
  let most = 0;
  let from = 0;
  for (const [at, instant] of instants.entries()) {
    while ((instants[from] as number) <= instant - windowMs) from += 1;
    most = Math.max(most, at - from + 1);
  }
  return most;
}
