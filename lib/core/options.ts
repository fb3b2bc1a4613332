import { invalid } from "./errors.ts";
import { MAX_HOLDER_BYTES, parseText } from "./names.ts";
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
   * @default "until-success"
   */
  readonly tickPolicy?: TickPolicy | undefined;
}

/** A term's options, checked. */
export interface TermSettings {
  readonly timing: Timing;
  readonly autoRenew: boolean;
  readonly termLimitMs: number;
  readonly label: string;
  readonly tick: string | undefined;
  readonly claimsTick: boolean;
}

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
  const { renew = "auto", tickPolicy = "until-success", tick } = options;
  const { termLimitMs = Infinity, holder = client.label } = options;
  parseChoice(renew, "renew", ["auto", "manual"]);
  parseChoice(tickPolicy, "tickPolicy", ["until-success", "at-most-once"]);
  if (typeof termLimitMs !== "number" || !(termLimitMs >= 1_000)) {
    throw invalid(`termLimitMs must be 1000 or more, not ${show(termLimitMs)}`);
  }
  return {
    timing: termTiming(options, client),
    autoRenew: renew === "auto",
    termLimitMs,
    label: parseHolder(holder),
    tick: tick === undefined ? undefined : parseTick(tick),
    claimsTick: tickPolicy === "at-most-once",
  };
}

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
