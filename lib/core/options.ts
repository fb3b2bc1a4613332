import { invalid } from "./errors.ts";
import { MAX_HOLDER_BYTES, MAX_ID_BYTES, parseText } from "./names.ts";
import { parseTiming, parseWholeMs, show, type Timing, type TimingOptions } from "./timing.ts";

/** When the occurrence of a schedule counts as done. */
export type TickPolicy = "until-success" | "at-most-once";

/** What may be asked of one term. */
export interface TermOptions {
  /**
   * How long the term lasts without renewal, in ms.
   * @default - the client's `durationMs`
   */
  readonly durationMs?: number | undefined;
  /**
   * How often it is renewed, in ms.
   * @default - the client's, or a third of `durationMs` where that is given here
   */
  readonly renewIntervalMs?: number | undefined;
  /**
   * `auto`: the lease renews itself for as long as it is held. `manual`: only `renew()` and `proclaim()` do.
   * @default "auto"
   */
  readonly renew?: "auto" | "manual" | undefined;
  /**
   * The longest that the term may last, renewals included, in ms: 1,000 or more. It then ends as `expired`,
   * and no row promises more than that.
   * @default - no limit
   */
  readonly termLimitMs?: number | undefined;
  /**
   * What to call this candidate: the first part of its id. A random part follows, so that two candidates of
   * one process, or of two copies of a function, never share an id.
   * @default - the client's `holder`
   */
  readonly holder?: string | undefined;
  /**
   * How long work may go on once a hand-over was asked for (`lease.handover`) before it is told to stop
   * (`lease.signal`), in ms: 0 to a day.
   * @default 5_000
   */
  readonly drainMs?: number | undefined;
  /**
   * What happens when the time to drain is up. `release`: the lease is released, whatever its work does. `signal`:
   * only `signal` is aborted, and whoever took the lease releases it once its work has settled, as `run` and
   * `leaderOnly` do.
   * @default "release"
   */
  readonly afterDrain?: "release" | "signal" | undefined;
  /**
   * For how long a lease that is handed over is kept for its successor, in ms: 0 to a day. A successor that
   * never comes costs this much, and `graceMs` and a second at most. It has to be longer than a successor's
   * `retryIntervalMs`.
   * @default - 10_000, or two `retryIntervalMs` where that is more
   */
  readonly reserveForMs?: number | undefined;
  /**
   * The shortest time from winning the lease until another can, in ms: 0 to a day. A release before is kept for
   * nobody until then, this candidate included, and up to `graceMs` and a second longer. Until then it is not handed over,
   * whoever asks. For short work under a schedule whose triggers come at slightly different times (ShedLock's
   * `lockAtLeastFor`). Not together with `sticky`, which keeps it for its id.
   * @default 0
   */
  readonly holdAtLeastMs?: number | undefined;
  /**
   * How long the lease stays closed to others after a term that was **not** released, in ms: 0 to a day. It
   * gives side effects of a dead leader time to come to rest where storage does not check tokens (the lock-delay
   * of Chubby and Consul). It delays recovery by as much.
   * @default 0
   */
  readonly reclaimDelayMs?: number | undefined;
}

/** Leadership that stays with one candidate from occurrence to occurrence. */
export interface Sticky {
  /**
   * The id that all invocations share which are to go on leading: a region, or a function's name. Replaces the
   * random id. Overlapping invocations of one id exclude each other all the same.
   */
  readonly id: string;
  /** How long after a term others leave the lease to this id, in ms: longer than a period of the schedule. */
  readonly forMs: number;
}

/** What may be asked of a term that serves one occurrence of a schedule. */
export interface TickOptions {
  /**
   * The occurrence that this is for; of a schedule, its scheduled time (ISO-8601, UTC): 1 to 256 characters
   * of ASCII. Compared as a string: one that is done, and every one that sorts before it, is refused with
   * `tick-done`.
   * @default - none: the lease is not bound to occurrences
   */
  readonly tick?: string | undefined;
  /**
   * `until-success`: done when released after success, so that another try follows a leader that crashed.
   * `at-most-once`: done by being claimed.
   * @default - "until-success"; with `sticky`, "at-most-once"
   */
  readonly tickPolicy?: TickPolicy | undefined;
  /**
   * Keeps the lead with one id from occurrence to occurrence, so that one region does all the work until it
   * fails. With `at-most-once` a leading invocation sends 1 request in all: it leaves its term to run out instead of
   * releasing it. So the period of the schedule must exceed `durationMs + 2 × graceMs` by a second or more: an occurrence
   * that comes sooner is refused as `held`, and nobody does it. With `until-success` it sends 2, and periods may be
   * shorter. When the id fails, the others are refused until `forMs` after its last term: about an occurrence is lost.
   * @default - none: every occurrence is open to all
   */
  readonly sticky?: Sticky | undefined;
}

/** A term's options, checked. */
export interface TermSettings extends Tenure {
  readonly timing: Timing;
  readonly autoRenew: boolean;
  readonly termLimitMs: number;
  readonly label: string;
  readonly tick: string | undefined;
  readonly claimsTick: boolean;
  readonly sticky: Sticky | undefined;
}

/** How a term is kept from others and handed over, checked; lengths in ms. */
export interface Tenure {
  readonly drainMs: number;
  readonly releasesDrained: boolean;
  readonly reserveForMs: number;
  readonly holdAtLeastMs: number;
  readonly reclaimDelayMs: number;
}

const DAY_MS = 86_400_000;

/** Beyond ASCII, JavaScript (UTF-16) and DynamoDB (UTF-8) do not sort alike. */
const TICK = /^[ -~]{1,256}$/;

function parseTick(tick: unknown): string {
  if (typeof tick === "string" && TICK.test(tick)) return tick;
  throw invalid(`tick must be 1 to 256 characters of ASCII, not ${show(tick)}`);
}

/**
 * Checks the options of one term against the client's.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseTerm(
  options: TermOptions & TickOptions,
  client: { readonly options: TimingOptions; readonly timing: Timing; readonly label: string },
): TermSettings {
  const { renew = "auto", tick } = options;
  const sticky = parseSticky(options.sticky);
  const { tickPolicy = sticky === undefined ? "until-success" : "at-most-once" } = options;
  const { termLimitMs = Infinity, holder = client.label, afterDrain = "release" } = options;
  parseChoice(afterDrain, "afterDrain", ["release", "signal"]);
  parseChoice(renew, "renew", ["auto", "manual"]);
  parseChoice(tickPolicy, "tickPolicy", ["until-success", "at-most-once"]);
  if (typeof termLimitMs !== "number" || !(termLimitMs >= 1_000)) {
    throw invalid(`termLimitMs must be 1000 or more, not ${show(termLimitMs)}`);
  }
  if (sticky !== undefined && (options.holdAtLeastMs ?? 0) > 0) {
    throw invalid("holdAtLeastMs keeps the lease for nobody and sticky for its id: give one of them");
  }
  const timing = termTiming(options, client);
  const claimsTick = tickPolicy === "at-most-once";
  if (sticky !== undefined && claimsTick)
    checkStickiness(sticky, Math.min(timing.durationMs, termLimitMs), timing);
  return {
    timing,
    autoRenew: renew === "auto",
    termLimitMs,
    label: parseHolder(holder),
    tick: tick === undefined ? undefined : parseTick(tick),
    claimsTick,
    sticky,
    releasesDrained: afterDrain === "release",
    drainMs: parseLength(options, "drainMs", 5_000),
    reserveForMs: parseLength(
      options,
      "reserveForMs",
      Math.min(DAY_MS, Math.max(10_000, 2 * timing.retryIntervalMs)),
    ),
    holdAtLeastMs: parseLength(options, "holdAtLeastMs", 0),
    reclaimDelayMs: parseLength(options, "reclaimDelayMs", 0),
  };
}

/**
 * Checks how a leader wants to step down.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseStepDown(
  options: {
    readonly reserveFor?: string | undefined;
    readonly reserveForMs?: number | undefined;
    readonly drainMs?: number | undefined;
  },
  tenure: Tenure,
) {
  const { reserveFor } = options;
  return {
    reserveFor: reserveFor === undefined ? undefined : parseText(reserveFor, "reserveFor", MAX_ID_BYTES),
    reserveForMs: parseLength(options, "reserveForMs", tenure.reserveForMs),
    drainMs: parseLength(options, "drainMs", tenure.drainMs),
  };
}

function parseLength(
  options: TermOptions,
  option: Exclude<keyof Tenure, "releasesDrained">,
  fallback: number,
): number {
  return parseWholeMs(options[option], option, fallback, 0, DAY_MS);
}

/** The id's next term can begin only once its last is provenly over, and others have to wait that long at least. */
function checkStickiness({ forMs }: Sticky, durationMs: number, timing: Timing): void {
  const least = Math.ceil(durationMs + timing.graceMs + 1_000 + timing.serviceClockErrorMs);
  if (forMs >= least) return;
  throw invalid(
    `sticky.forMs (${forMs}) must be at least durationMs + graceMs + 1000 + serviceClockErrorMs (${least}) where the lease is left to run out; ` +
      'shorten durationMs, or use tickPolicy "until-success"',
  );
}

function parseSticky(sticky: Sticky | undefined): Sticky | undefined {
  if (sticky === undefined) return undefined;
  return {
    id: parseText(sticky?.id, "sticky.id", MAX_HOLDER_BYTES),
    forMs: parseWholeMs(sticky.forMs, "sticky.forMs", 0, 1_000, 7 * 86_400_000),
  };
}

/**
 * Checks a choice.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option and the choices
 */
export function parseChoice(value: unknown, option: string, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw invalid(`${option} must be "${choices.join('" or "')}", not ${show(value)}`);
}

/** A term with a duration of its own derives its renewal interval and request timeout from that. */
function termTiming(
  options: TermOptions,
  client: { readonly options: TimingOptions; readonly timing: Timing },
): Timing {
  const { durationMs = client.timing.durationMs, renewIntervalMs } = options;
  const sameDuration = durationMs === client.timing.durationMs;
  if (sameDuration && renewIntervalMs === undefined) return client.timing;
  const requestTimeoutMs = sameDuration ? client.options.requestTimeoutMs : undefined;
  return parseTiming({ ...client.options, durationMs, renewIntervalMs, requestTimeoutMs });
}

/**
 * Checks a candidate's label.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a string of 1 to 512 bytes
 */
export function parseHolder(holder: unknown): string {
  return parseText(holder, "holder", MAX_HOLDER_BYTES);
}

/**
 * Checks how long a wait may last.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a whole number from 0 to a week
 */
export function parseTimeout(timeoutMs: unknown): number {
  if (timeoutMs === undefined) return Infinity;
  return parseWholeMs(timeoutMs, "timeoutMs", 0, 0, 7 * 86_400_000);
}
