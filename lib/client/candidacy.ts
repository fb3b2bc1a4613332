import { LeaseError, type LeaseErrorCode } from "../core/errors.ts";
import type { EventSink, LeaseEventName, LeaseEvents } from "../core/events.ts";
import type { TermSettings } from "../core/options.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { Timing } from "../core/timing.ts";
import type { LeaseWrite } from "../core/writes.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { Memory } from "./memory.ts";

/** What the parts of one client share. */
export interface Surroundings {
  readonly exchange: Exchange;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EventSink;
  readonly timing: Timing;
}

/** One candidate for one lease: its id, its settings, and how it speaks. */
export interface Candidacy extends Surroundings {
  readonly name: string;
  readonly holder: string;
  readonly settings: TermSettings;
  /** Sends a write within the candidate's own deadline. */
  readonly send: (write: LeaseWrite) => Promise<Answer<WriteOutcome>>;
  /** Publishes an event about the candidate. */
  readonly tell: <N extends LeaseEventName>(
    event: N,
    details: Omit<LeaseEvents[N], "lease" | "holder">,
  ) => void;
  /** Makes an error about the lease. */
  error(code: LeaseErrorCode, message: string, cause?: unknown): LeaseError;
}

/** Makes a candidate with an id that nobody else has. */
export function candidacyOf(around: Surroundings, name: string, settings: TermSettings): Candidacy {
  const { exchange, random, emit } = around;
  const holder = `${settings.label}/${random.id()}`;
  return {
    ...around,
    name,
    holder,
    settings,
    send: (write) => exchange.write(write, settings.timing.requestTimeoutMs),
    tell: <N extends LeaseEventName>(event: N, details: Omit<LeaseEvents[N], "lease" | "holder">) =>
      emit(event, { lease: name, holder, ...details } as unknown as LeaseEvents[N]),
    error: (code, message, cause) =>
      new LeaseError(code, `lease "${name}" ${message}`, { lease: name, cause }),
  };
}
