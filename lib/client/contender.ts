import { isTrouble, LeaseError, type LeaseErrorCode } from "../core/errors.ts";
import type { EventSink, LeaseEventName, LeaseEvents, Trouble } from "../core/events.ts";
import type { TermSettings } from "../core/options.ts";
import type { ReadOutcome, WriteOutcome } from "../core/outcome.ts";
import type { Random } from "../core/ports.ts";
import type { Timing } from "../core/timing.ts";
import type { LeaseWrite } from "../core/writes.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Memory } from "./memory.ts";
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

/** One candidate for one lease: its id, its settings, and how it speaks. */
export interface Contender extends Runtime, Identity {
  readonly name: string;
  readonly settings: TermSettings;
  /** Sends a write within the candidate's own deadline. */
  readonly send: (write: LeaseWrite) => Promise<Answer<WriteOutcome>>;
  /** Reads the record within the candidate's own deadline. */
  readonly look: () => Promise<Answer<ReadOutcome>>;
  /** Publishes an event about the candidate. */
  readonly tell: <N extends LeaseEventName>(
    event: N,
    details: Omit<LeaseEvents[N], "lease" | "holder">,
  ) => void;
  /** Makes an error about the lease. */
  error(code: LeaseErrorCode, message: string, cause?: unknown): LeaseError;
}

/** Makes a candidate: somebody in particular, or one with an id that nobody else has. */
export function contenderOf(
  runtime: Runtime,
  name: string,
  settings: TermSettings,
  identity?: Identity,
): Contender {
  const { exchange, random, emit } = runtime;
  const self = identity ?? {
    holder: `${settings.label}/${random.id()}`,
    stable: false,
    priority: 0,
    minTermMs: 0,
    lastToken: () => 0,
  };
  const { requestTimeoutMs } = settings.timing;
  const about = { lease: name, holder: self.holder };
  function failed(request: Trouble["request"], cause: unknown): void {
    const trouble = exchange.trouble(request, cause);
    emit("requestFailed", { ...about, ...trouble });
    self.onTrouble?.(trouble);
  }
  /** Tells of what fails, unless it was for the caller to know better, and of the end of such trouble. */
  async function told<T>(request: Trouble["request"], asking: Promise<Answer<T>>): Promise<Answer<T>> {
    const answer = await asking.catch((error: unknown) => {
      if (isTrouble(error)) failed(request, error);
      throw error;
    });
    const { outcome } = answer as Answer<ReadOutcome | WriteOutcome>;
    if ("kind" in outcome && outcome.kind === "unknown") failed(request, outcome.cause);
    const lastingMs = exchange.takeRestored();
    if (lastingMs !== undefined) emit("contactRestored", { ...about, lastingMs });
    return answer;
  }
  return {
    ...runtime,
    ...self,
    name,
    settings,
    send: (write) => told(write.kind, exchange.write(write, requestTimeoutMs)),
    look: () => told("look", exchange.read(name, requestTimeoutMs)),
    tell: <N extends LeaseEventName>(event: N, details: Omit<LeaseEvents[N], "lease" | "holder">) =>
      emit(event, { ...about, ...details } as unknown as LeaseEvents[N]),
    error: (code, message, cause) =>
      new LeaseError(code, `lease "${name}" ${message}`, { lease: name, cause }),
  };
}
