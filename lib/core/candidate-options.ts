import { invalid } from "./errors.ts";
import type { Names } from "./known.ts";
import { parseId, parseTimeout, TERM_NAMES, type TermOptions } from "./options.ts";
import { parseWholeMs, show, type Timing } from "./timing.ts";

/** How a long-lived candidate takes part. */
export interface ElectionOptions extends TermOptions {
  /**
   * A **declared-stable** id: that of whatever process runs here next, too. A process that restarts within its
   * term goes on with it, same token. Only where the platform sees to it that two processes with the id never run
   * at once (a pod of a StatefulSet, a unit of systemd on one host); never a host's name in a Deployment, a function's
   * name, or a constant.
   * @default - the term's label and a random part, different in every candidate
   */
  readonly id?: string | undefined;
  /**
   * How strong the candidate is: a whole number from -1e9 to 1e9. A standby requests a transfer from a
   * weaker leader. Equals request nothing of each other.
   * @default 0
   */
  readonly priority?: number | undefined;
  /**
   * How long this candidate leads at least before it accepts a stronger one, in ms: 0 to a day. An operator's request
   * and what the leader itself wants are accepted at once, but not within `holdAtLeastMs`.
   * @default - the term's `durationMs`
   */
  readonly minTermMs?: number | undefined;
  /**
   * Whether to be listed by `candidates()`: one write at its first refusal or win, and one per half `registrationMs`.
   * @default true
   */
  readonly register?: boolean | undefined;
  /**
   * How long the store may be out of reach, or refuse to serve (denied access, no credentials, no table) after it has
   * answered this client once, before `campaign` or `run` ends with that error, in ms: 0 to a week. Until then every failed
   * request is told of by `onTrouble` and the event `requestFailed`.
   * @default - as long as it takes
   */
  readonly troubleLimitMs?: number | undefined;
  /**
   * For how long a registration stays listed unless renewed, in ms: 1,000 to a day.
   * @default 60_000
   */
  readonly registrationMs?: number | undefined;
}

/** The names of {@link ElectionOptions}; see `parseKnown`. */
export const ELECTION_NAMES: Names<ElectionOptions> = {
  ...TERM_NAMES,
  id: true,
  priority: true,
  minTermMs: true,
  register: true,
  registrationMs: true,
  troubleLimitMs: true,
};

/** How a long-lived candidate takes part, checked. */
export interface ElectionSettings {
  readonly id: string | undefined;
  readonly priority: number;
  readonly minTermMs: number;
  /** How long a registration lasts; `undefined` for none. */
  readonly registrationMs: number | undefined;
  readonly troubleLimitMs: number;
}

const MAX_PRIORITY = 1_000_000_000;

/**
 * Checks how a candidate is to take part.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseElection(options: ElectionOptions, timing: Timing): ElectionSettings {
  const { id, priority = 0, register = true } = options;
  if (!Number.isInteger(priority) || Math.abs(priority) > MAX_PRIORITY) {
    throw invalid(`priority must be a whole number from -1e9 to 1e9, not ${show(priority)}`);
  }
  if (typeof register !== "boolean") throw invalid(`register must be true or false, not ${show(register)}`);
  const registrationMs = parseWholeMs(options.registrationMs, "registrationMs", 60_000, 1_000, 86_400_000);
  return {
    id: id === undefined ? undefined : parseId(id, "id"),
    priority,
    minTermMs: parseWholeMs(options.minTermMs, "minTermMs", timing.durationMs, 0, 86_400_000),
    troubleLimitMs: parseTimeout(options.troubleLimitMs, "troubleLimitMs"),
    registrationMs: register ? registrationMs : undefined,
  };
}
