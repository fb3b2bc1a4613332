import type { ReadOutcome, WriteOutcome } from "../../lib/core/outcome.ts";
import type { CallOptions, LeaseStore, ListPage, RowsPage } from "../../lib/core/ports.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";

/** Stands between a client and its store: it may pass a write on, change its answer, hold it or drop it. */
export type Interceptor = (
  write: LeaseWrite,
  pass: () => Promise<WriteOutcome>,
  call: CallOptions,
) => Promise<WriteOutcome>;

/** A store that notes every call and lets a test interfere. */
export class ProbeStore implements LeaseStore {
  /** Every write that the client sent, in order. */
  readonly sent: LeaseWrite[] = [];
  reads = 0;
  lists = 0;
  queries = 0;
  /** Takes each write from here on; `undefined` passes them on. */
  onWrite: Interceptor | undefined;
  /** Runs before each read; throwing fails it. */
  onRead: ((name: string) => Promise<void>) | undefined;
  /** Runs before each query; throwing fails it. */
  onRows: (() => Promise<void>) | undefined;
  /** Whether answers keep the service's `Date`. */
  dateHeader = true;
  readonly #inner: LeaseStore;

  constructor(inner: LeaseStore) {
    this.#inner = inner;
  }

  /** How many requests were made so far, of whatever kind. */
  get requests(): number {
    return this.sent.length + this.reads + this.lists + this.queries;
  }

  get tableName(): string | undefined {
    return this.#inner.tableName;
  }

  async write(write: LeaseWrite, call: CallOptions): Promise<WriteOutcome> {
    this.sent.push(write);
    const pass = (): Promise<WriteOutcome> => this.#inner.write(write, call);
    const outcome = await (this.onWrite === undefined ? pass() : this.onWrite(write, pass, call));
    return outcome.kind === "unknown" || this.dateHeader ? outcome : { ...outcome, servedAt: undefined };
  }

  async read(name: string, call: CallOptions, row?: string): Promise<ReadOutcome> {
    this.reads += 1;
    await this.onRead?.(name);
    const outcome = await this.#inner.read(name, call, row);
    return this.dateHeader ? outcome : { ...outcome, servedAt: undefined };
  }

  async rows(name: string, prefix: string, call: CallOptions, after?: string): Promise<RowsPage> {
    this.queries += 1;
    await this.onRows?.();
    return this.#inner.rows(name, prefix, call, after);
  }

  async *list(call: CallOptions): AsyncGenerator<ListPage, void, undefined> {
    this.lists += 1;
    yield* this.#inner.list(call);
  }
}

/** A call that a test lets go on when it likes. */
export class Gate {
  readonly reached: Promise<void>;
  readonly #opened: Promise<void>;
  #reach: () => void = () => undefined;
  #open: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Called by what is to be held up. */
  async pass(): Promise<void> {
    this.#reach();
    await this.#opened;
  }

  open(): void {
    this.#open();
  }
}

/** The outcome of a write whose answer never came. */
export const UNANSWERED: WriteOutcome = { kind: "unknown", cause: new Error("the response was lost") };
