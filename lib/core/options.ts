import { invalid } from "./errors.ts";
import { type Names, parseKnown } from "./known.ts";
import { AFFINITY_MARK, MAX_HOLDER_BYTES, MAX_ID_BYTES, parseText } from "./names.ts";
import { parseTick } from "./tick.ts";
import { parseTiming, parseWholeMs, show, type Timing, type TimingOptions } from "./timing.ts";

/** When the occurrence of a schedule counts as done. */
export type TickPolicy = "until-success" | "at-most-once";

/** What may be asked of one term. */
export interface TermOptions {
  /**
   * How long the term lasts without renewal, in ms: 1,000 to a day.
   * @default - the client's `durationMs`
   */
  readonly durationMs?: number | undefined;
  /**
   * How often it is renewed, in ms: 50 or more, less than half of `durationMs`, and such that
   * `renewIntervalMs + 2 × requestTimeoutMs ≤ durationMs`.
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
   * How long work may go on once a hand-over was requested (`lease.handover`) before it is told to stop
   * (`lease.signal`), in ms: 0 to a day.
   * @default 5_000
   */
  readonly drainMs?: number | undefined;
  /**
   * For how long a lease that is handed over is kept for its successor, in ms: 0 to a day. A successor that
   * never comes costs this much, and what recovery needs: twice `graceMs`, a second and `serviceClockErrorMs` at most. It has to be longer than a successor's
   * `retryIntervalMs`.
   * @default - 10_000, or two `retryIntervalMs` where that is more
   */
  readonly reserveForMs?: number | undefined;
  /**
   * The shortest time from winning the lease until another can, in ms: 0 to a day. A release before is kept for
   * nobody until then, this candidate included, and up to twice `graceMs`, a second and `serviceClockErrorMs` longer. Until then it is not handed over,
   * whoever requests it. For short work under a schedule whose triggers come at slightly different times (ShedLock's
   * `lockAtLeastFor`). Not together with `affinity`, which keeps it for a label.
   *
   * A crash does not cut it short for a lease of its own. A shard or a permit rests on its session: after a crash it is closed for as long as the
   * session's row promises, the session's `durationMs` and `lockDelayMs` from its last renewal on, and then open, whatever the hold says. A `lockDelayMs` of
   * the group or the semaphore that is as long as the hold keeps all of it.
   * @default 0
   */
  readonly holdAtLeastMs?: number | undefined;
  /**
   * How long the lease stays closed to others after a term that was **not** released, in ms: 0 to a day. It
   * gives side effects of a dead leader time to come to rest where storage does not check tokens (the lock-delay
   * of Chubby and Consul). It delays recovery by as much.
   * @default 0
   */
  readonly lockDelayMs?: number | undefined;
  /**
   * A label that several candidates share: a region, or a function's name; 1 to 512 bytes. A release keeps the lease for
   * whoever bears it, for `affinityMs`; others wait. A crash keeps it for nobody: then anyone may lead, and affinity
   * begins anew with whoever does.
   * @default - none: every vacancy is open to all
   */
  readonly affinity?: string | undefined;
  /**
   * For how long a release keeps the lease for the `affinity`, in ms: 1,000 to a week. Longer than a period of the
   * schedule, so that the label leads the next occurrence, too. When all who bear it fail, others lead after this, and what
   * recovery needs.
   * @default - none: to be given with `affinity`
   */
  readonly affinityMs?: number | undefined;
}

/** Whom a release keeps the lease for. */
export interface Affinity {
  readonly label: string;
  readonly forMs: number;
}

/** What may be asked of a term that serves one occurrence of a schedule. */
export interface TickOptions {
  /**
   * The occurrence that this is for: the instant that it is scheduled for, as a `Date` or as text of ISO 8601 with its offset
   * from UTC (`2026-01-31T02:00:00Z`, `2026-01-31T03:00:00.000+01:00`), in whole ms from 1970 to 9999. However it is told, one
   * instant is one occurrence. One that is done is refused with `tick-done`, every earlier one with `tick-passed`. One that is
   * more than a day ahead of the time is an error.
   * @default - none: the lease is not bound to occurrences
   */
  readonly tick?: string | Date | undefined;
  /**
   * `until-success`: done when released after success, so that another try follows a leader that crashed.
   * `at-most-once`: done by being claimed.
   * @default "until-success"
   */
  readonly tickPolicy?: TickPolicy | undefined;
}

/** The names of {@link TermOptions}; see `parseKnown`. */
export const TERM_NAMES: Names<TermOptions> = {
  durationMs: true,
  renewIntervalMs: true,
  renew: true,
  termLimitMs: true,
  holder: true,
  drainMs: true,
  reserveForMs: true,
  holdAtLeastMs: true,
  lockDelayMs: true,
  affinity: true,
  affinityMs: true,
};

/** The names of {@link TickOptions}. */
export const TICK_NAMES: Names<TickOptions> = { tick: true, tickPolicy: true };

/** A term's options, checked. */
export interface TermSettings extends Tenure {
  readonly timing: Timing;
  readonly autoRenew: boolean;
  readonly termLimitMs: number;
  readonly label: string;
  /** In canonical form, see {@link parseTick}. */
  readonly tick: string | undefined;
  readonly claimsTick: boolean;
  readonly affinity: Affinity | undefined;
}

/** How a term is kept from others and handed over, checked; lengths in ms. */
export interface Tenure {
  readonly drainMs: number;
  readonly reserveForMs: number;
  readonly holdAtLeastMs: number;
  readonly lockDelayMs: number;
}

const DAY_MS = 86_400_000;
const AFFINITY_MIN_MS = 1_000;
/** The longest reservation that there is, in ms. */
export const AFFINITY_MAX_MS = 7 * DAY_MS;

/**
 * Checks the options of one term against the client's.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseTerm(
  options: TermOptions & TickOptions,
  client: { readonly options: TimingOptions; readonly timing: Timing; readonly label: string },
): TermSettings {
  const { renew = "auto", tick, tickPolicy = "until-success" } = options;
  const { termLimitMs = Infinity, holder = client.label } = options;
  parseChoice(renew, "renew", ["auto", "manual"]);
  parseChoice(tickPolicy, "tickPolicy", ["until-success", "at-most-once"]);
  if (typeof termLimitMs !== "number" || !(termLimitMs >= 1_000)) {
    throw invalid(`termLimitMs must be 1000 or more, not ${show(termLimitMs)}`);
  }
  const timing = termTiming(options, client);
  return {
    timing,
    autoRenew: renew === "auto",
    termLimitMs,
    label: parseHolder(holder),
    tick: tick === undefined ? undefined : parseTick(tick),
    claimsTick: tickPolicy === "at-most-once",
    affinity: parseAffinity(options),
    drainMs: parseLength(options, "drainMs", 5_000),
    reserveForMs: parseLength(
      options,
      "reserveForMs",
      Math.min(DAY_MS, Math.max(10_000, 2 * timing.retryIntervalMs)),
    ),
    holdAtLeastMs: parseLength(options, "holdAtLeastMs"),
    lockDelayMs: parseLength(options, "lockDelayMs"),
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
  parseKnown(options, { reserveFor: true, reserveForMs: true, drainMs: true }, "stepDown");
  const { reserveFor } = options;
  return {
    reserveFor: reserveFor === undefined ? undefined : parseId(reserveFor, "reserveFor"),
    reserveForMs: parseLength(options, "reserveForMs", tenure.reserveForMs),
    drainMs: parseLength(options, "drainMs", tenure.drainMs),
  };
}

function parseLength(options: TermOptions, option: keyof Tenure, fallback = 0): number {
  return parseWholeMs(options[option], option, fallback, 0, DAY_MS);
}

/** Both or neither, and not with a minimum hold: a vacancy can be kept for one only. */
function parseAffinity({ affinity, affinityMs, holdAtLeastMs = 0 }: TermOptions): Affinity | undefined {
  if (affinity === undefined && affinityMs === undefined) return undefined;
  const label = parseText(affinity, "affinity", MAX_HOLDER_BYTES);
  if (affinityMs === undefined) {
    throw invalid(
      `affinityMs is missing: affinity needs it, a whole number of milliseconds from ${AFFINITY_MIN_MS} to ${AFFINITY_MAX_MS}`,
    );
  }
  const forMs = parseWholeMs(affinityMs, "affinityMs", 0, AFFINITY_MIN_MS, AFFINITY_MAX_MS);
  if (holdAtLeastMs === 0) return { label, forMs };
  throw invalid(
    `holdAtLeastMs (${holdAtLeastMs}) keeps the lease for nobody, and affinity for "${label}": give one of them`,
  );
}

/**
 * Checks a choice.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option and the choices
 */
function parseChoice(value: unknown, option: string, choices: readonly string[]): void {
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
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a string of 1 to 512 bytes that does not begin with "@"
 */
export function parseHolder(holder: unknown): string {
  return parseId(holder, "holder", MAX_HOLDER_BYTES);
}

/**
 * Checks a candidate's id. A reservation names an id or, behind a mark, a label that candidates share: the two must not be taken for each
 * other.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a string of 1 to 640 bytes that does not begin with "@"
 */
export function parseId(id: unknown, option: string, maxBytes = MAX_ID_BYTES): string {
  const text = parseText(id, option, maxBytes);
  if (!text.startsWith(AFFINITY_MARK)) return text;
  throw invalid(`${option} must not begin with "${AFFINITY_MARK}", which marks an affinity`);
}

/**
 * Checks how long a wait may last.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a whole number from 0 to a week
 */
export function parseTimeout(timeoutMs: unknown, option = "timeoutMs"): number {
  return parseWholeMs(timeoutMs, option, Infinity, 0, 7 * DAY_MS);
}
