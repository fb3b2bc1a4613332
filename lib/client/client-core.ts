import { type Names, parseKnown, taken } from "../core/known.ts";
import { parseName } from "../core/names.ts";
import {
  parseHolder,
  parseTerm,
  type TermOptions,
  type TermSettings,
  type TickOptions,
} from "../core/options.ts";
import type { Clock, LeaseStore, Random } from "../core/ports.ts";
import type { ReleaseResult } from "../core/term.ts";
import { parseTiming, TIMING_NAMES, type TimingOptions } from "../core/timing.ts";
import { attempt, type Refusal } from "./attempt.ts";
import { type Contender, contenderOf, type Identity, type Place, type Runtime } from "./contender.ts";
import { publish } from "../diagnostics/channels.ts";
import { Exchange } from "./exchange.ts";
import type { LeaseHandle, OnEnd } from "./handle.ts";
import { Holdings } from "./holdings.ts";
import { openLease } from "./lease-handle.ts";
import { lifetime } from "./lifetime.ts";
import { Memory } from "./memory.ts";
import { timekeeperOf } from "./timekeeper.ts";
import type { Within } from "./waiting.ts";
import { defaultLabel, systemClock, systemRandom } from "./system-ports.ts";

/** Options of a client of any store. */
export interface StoreClientOptions extends TimingOptions {
  /** Where the leases live. */
  readonly store: LeaseStore;
  /**
   * What to call the candidates of this client: the first part of their ids.
   * @default - the Lambda function's name, or host and process id
   */
  readonly holder?: string | undefined;
  /**
   * The process's clocks and timers.
   * @default - the system's
   */
  readonly clock?: Clock | undefined;
  /**
   * Randomness: ids and jitter.
   * @default - the platform's
   */
  readonly random?: Random | undefined;
}

/** The names of {@link StoreClientOptions}; see `parseKnown`. */
export const CLIENT_NAMES: Names<StoreClientOptions> = {
  store: true,
  holder: true,
  clock: true,
  random: true,
  ...TIMING_NAMES,
};

/** One more try of a candidate to lead. What it has to wait for before it sends anything, it waits for no longer than its caller. */
export type Try = (
  first: "claim" | "look",
  within?: Within,
) => Promise<Refusal | { readonly kind: "acquired"; readonly lease: LeaseHandle }>;

/** What the calls of one client share. */
export interface ClientCore extends Runtime {
  /** What its candidates are called: the first part of their ids. */
  readonly label: string;
  /** Checks what is asked of a term. */
  termSettings(options: TermOptions & TickOptions): TermSettings;
  /** Makes one candidate, with one id. */
  contender(name: string, settings: TermSettings, identity?: Identity, place?: Place): Contender;
  /** What has to be given up when the client closes, and hears each `Date` header. */
  readonly open: Holdings;
  /** Returns what makes a candidate's attempts; `onEnd` is told of the end of each term that comes of them. */
  tries(self: Contender, onEnd?: OnEnd): Try;
  /**
   * Makes a candidate for one term, and returns what makes its attempts.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
   */
  candidacy(name: string, options: TermOptions & TickOptions): Try;
  /** Releases every lease that is held, ends what is under way, and refuses further calls. */
  close(): Promise<readonly ReleaseResult[]>;
}

/**
 * Makes what the calls of one client share.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function openClientCore(options: StoreClientOptions): ClientCore {
  parseKnown(options, CLIENT_NAMES, "a client");
  const timing = parseTiming(options);
  const { store, clock = systemClock, random = systemRandom, holder = defaultLabel() } = options;
  const defaults = { options: taken(options, CLIENT_NAMES), timing, label: parseHolder(holder) };
  const open = new Holdings();
  const life = lifetime();
  const time = timekeeperOf(clock);
  const exchange = new Exchange(store, time, timing, life, (date, at) => open.heard(date, at));
  const runtime = { exchange, memory: new Memory(), clock: time, random, emit: publish, timing, life };
  let closing: Promise<readonly ReleaseResult[]> | undefined;

  async function tryOnce(self: Contender, first: "claim" | "look", onEnd?: OnEnd): ReturnType<Try> {
    const result = await attempt(self, first);
    if (result.kind === "refused") return result;
    const lease = openLease(self, result.term, open, onEnd);
    if (life.is !== "open") await lease.releaseUnseen();
    life.assertOpen();
    return { kind: "acquired", lease };
  }

  const core: ClientCore = {
    ...runtime,
    open,
    label: defaults.label,
    termSettings: (asked) => parseTerm(asked, defaults),
    contender: (name, settings, identity, place) =>
      contenderOf(runtime, parseName(name), settings, identity, place),
    tries: (self, onEnd) => async (first) => {
      life.assertOpen();
      return life.track(() => tryOnce(self, first, onEnd));
    },
    candidacy: (name, asked) => core.tries(core.contender(name, core.termSettings(asked))),
    async close() {
      if (closing !== undefined) {
        await closing;
        return [];
      }
      closing = life.end(() => open.release());
      return closing;
    },
  };
  return core;
}
