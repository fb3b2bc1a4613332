import { isTrouble, LeaseError, type LeaseErrorCode } from "../core/errors.ts";
import type { EventSink, LeaseEventName, LeaseEvents, Trouble } from "../core/events.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import { calledBy, shardOf } from "../core/names.ts";
import type { TermSettings } from "../core/options.ts";
import type { ReadOutcome, WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, Random, RowsPage } from "../core/ports.ts";
import type { TermRules } from "../core/term-state.ts";
import type { Timing } from "../core/timing.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Memory } from "./memory.ts";
import type { Pacer } from "./pacer.ts";
import type { Timekeeper } from "./timekeeper.ts";

/** What the parts of one client share. */
export interface Runtime {
  readonly exchange: Exchange;
  readonly memory: Memory;
  readonly clock: Timekeeper;
  readonly random: Random;
  readonly emit: EventSink;
  readonly timing: Timing;
  /** The client's life. */
  readonly life: Lifetime;
}

/** Who a candidate is, where it is more than one attempt. */
export interface Identity {
  readonly holder: string;
  /** Whether whatever process runs here next has the id, too. */
  readonly stable: boolean;
  readonly priority: number;
  /** How old a term has to be before a higher priority is accepted, in ms. */
  readonly minTermMs: number;
  /** The highest token of the terms that it began and ended. */
  readonly lastToken: () => number;
  /** Told of every request of its own that failed. Must not throw. */
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined;
}

/** What a candidate campaigns for, if not for a lease of its own: a row of a group. */
export interface Place extends Pick<TermRules, "row" | "throughSession" | "worker"> {
  /** Of a session: how many shards are led through it. */
  readonly shardsLed?: (() => number) | undefined;
  /** What spreads its writes among those to the other rows under the name. */
  readonly pacer?: Pacer | undefined;
}

type Told<N extends LeaseEventName> = Omit<
  LeaseEvents[N],
  "lease" | "holder" | "shard" | "session" | "shards"
>;

/** One candidate for one lease: its id, its settings, and how it speaks. */
export class Contender implements Runtime, Identity, TermRules {
  readonly exchange: Exchange;
  readonly memory: Memory;
  readonly clock: Timekeeper;
  readonly random: Random;
  readonly timing: Timing;
  readonly life: Lifetime;
  readonly emit: EventSink;
  readonly holder: string;
  readonly stable: boolean;
  readonly priority: number;
  readonly minTermMs: number;
  readonly lastToken: () => number;
  readonly onTrouble: ((trouble: Trouble) => void) | undefined;
  readonly name: string;
  readonly row: string | undefined;
  readonly throughSession: boolean | undefined;
  readonly worker: TermRules["worker"];
  readonly settings: TermSettings;
  readonly #shardsLed: Place["shardsLed"];
  readonly #pacer: Pacer | undefined;

  constructor(
    runtime: Runtime,
    name: string,
    settings: TermSettings,
    identity: Identity,
    { row, throughSession, worker, pacer, shardsLed }: Place = {},
  ) {
    this.exchange = runtime.exchange;
    this.memory = runtime.memory;
    this.clock = runtime.clock;
    this.random = runtime.random;
    this.timing = runtime.timing;
    this.life = runtime.life;
    this.emit = runtime.emit;
    this.holder = identity.holder;
    this.stable = identity.stable;
    this.priority = identity.priority;
    this.minTermMs = identity.minTermMs;
    this.lastToken = identity.lastToken;
    this.onTrouble = identity.onTrouble;
    this.name = name;
    this.settings = settings;
    this.row = row;
    this.throughSession = throughSession;
    this.worker = worker;
    this.#shardsLed = shardsLed;
    this.#pacer = pacer;
  }

  /** Sends a write, when its turn has come, within the candidate's own deadline. */
  send(write: LeaseWrite): Promise<Answer<WriteOutcome>> {
    const { requestTimeoutMs } = this.settings.timing;
    const pacer = this.#pacer;
    const sending = (): Promise<Answer<WriteOutcome>> =>
      this.exchange.write(write, requestTimeoutMs, pacer !== undefined);
    const asking =
      pacer === undefined
        ? sending()
        : // A client that closes waits for it: its turn has a timer.
          this.life.track(() => pacer.paced(sending, () => this.exchange.refuses(write.kind)));
    // Once, and not each time that it is throttled and sent again.
    return this.#told(write.kind, asking, write.row);
  }

  /** Reads the record within the candidate's own deadline; or another row's under the same name. */
  look(row: string | undefined = this.row): Promise<Answer<ReadOutcome>> {
    const { requestTimeoutMs } = this.settings.timing;
    return this.#told("look", this.exchange.read(this.name, requestTimeoutMs, row), row);
  }

  /** Reads all rows under the same name whose own names begin so. */
  rows(prefix: string, attributes: CallOptions["attributes"]): Promise<readonly Answer<RowsPage>[]> {
    const { requestTimeoutMs } = this.settings.timing;
    return this.#told("look", this.exchange.rows(this.name, prefix, requestTimeoutMs, attributes));
  }

  /** Publishes an event about the candidate. */
  tell<N extends LeaseEventName>(event: N, details: Told<N>): void {
    this.emit(event, { ...this.#about(), ...details } as unknown as LeaseEvents[N]);
  }

  /** Makes an error about the lease. */
  error(code: LeaseErrorCode, message: string, cause?: unknown): LeaseError {
    return new LeaseError(code, `${calledBy(this.name, this.row)} ${message}`, { lease: this.name, cause });
  }

  #about() {
    const { name: lease, row, holder } = this;
    if (row === undefined) return { lease, holder };
    const shard = shardOf(row);
    if (shard !== undefined) return { lease, holder, shard };
    return { lease, holder, session: true as const, shards: this.#shardsLed?.() ?? 0 };
  }

  /** A session also sends what is about one of its shards. */
  #failed(request: Trouble["request"], cause: unknown, row: string | undefined): void {
    const trouble = this.exchange.trouble(request, cause);
    const shard = shardOf(row);
    const about = shard === undefined ? this.#about() : { lease: this.name, holder: this.holder, shard };
    this.emit("requestFailed", { ...about, ...trouble });
    this.onTrouble?.(trouble);
  }

  /** Tells of what fails, unless it was for the caller to know better, and of the end of such trouble. */
  async #told<T extends object>(request: Trouble["request"], asking: Promise<T>, row?: string): Promise<T> {
    let answer: T;
    try {
      answer = await asking;
    } catch (error) {
      if (isTrouble(error)) this.#failed(request, error, row);
      throw error;
    }
    const { outcome } = answer as Partial<Answer<Partial<WriteOutcome>>>;
    if (outcome?.kind === "unknown") this.#failed(request, outcome.cause, row);
    const lastingMs = this.exchange.takeRestored();
    if (lastingMs !== undefined) this.emit("contactRestored", { ...this.#about(), lastingMs });
    return answer;
  }
}

/** Makes a candidate: somebody in particular, or one with an id that nobody else has. */
export function contenderOf(
  runtime: Runtime,
  name: string,
  settings: TermSettings,
  identity?: Identity,
  place?: Place,
): Contender {
  const self = identity ?? {
    holder: `${settings.label}/${runtime.random.id()}`,
    stable: false,
    priority: 0,
    minTermMs: 0,
    lastToken: () => 0,
  };
  return new Contender(runtime, name, settings, self, place);
}
