/*
 * `expiresAt` is compared with the service's clock, and nobody can read that clock. What can be read is the `Date` header of a response:
 * in whole seconds, and of some moment between the request and its answer. So service time is known as a range, from a few such
 * samples and the process's own clocks in between. Who must stop uses the latest that service time can be; who wants to
 * take over uses the earliest. The best guess is good for what nothing rests on. Docs: docs/protocol.md, Service time.
 */
import type { Timing } from "./timing.ts";
import { elapsedAtLeast, elapsedAtMost, type EpochMs, epochMs, type Reading } from "./units.ts";

/** What one response told of service time. */
export interface Sample {
  /** Taken before the request was sent. */
  readonly sent: Reading;
  /** Taken after the response was received. */
  readonly received: Reading;
  /** The response's `Date` header: service time, truncated to the second, within δ of the common clock. */
  readonly date: EpochMs;
}

type ClockTiming = Pick<Timing, "serviceClockErrorMs" | "clockDriftRatio">;

/** The header is truncated: up to this much later than it says. */
const HEADER_RESOLUTION_MS = 1_000;

/** The latest that service time can be. Infinite without samples. */
export function latestServiceTime(samples: readonly Sample[], at: Reading, timing: ClockTiming): number {
  let latest = Infinity;
  for (const sample of samples) latest = Math.min(latest, latestBy(sample, at, timing));
  return latest;
}

/**
 * Anchored where the request was SENT: a process that was paused before it read the response received an old
 * header late, and anchoring at the receipt would take the pause for nothing.
 */
function latestBy(sample: Sample, at: Reading, timing: ClockTiming): number {
  const elapsed = elapsedAtMost(sample.sent, at) / (1 - timing.clockDriftRatio);
  return sample.date + HEADER_RESOLUTION_MS + timing.serviceClockErrorMs + elapsed;
}

/** The earliest that service time can be. Minus infinity without samples. */
export function earliestServiceTime(samples: readonly Sample[], at: Reading, timing: ClockTiming): number {
  let earliest = -Infinity;
  for (const sample of samples) earliest = Math.max(earliest, earliestBy(sample, at, timing));
  return earliest;
}

/** Anchored where the response was RECEIVED: it was made before, so no less than this has passed since. */
function earliestBy(sample: Sample, at: Reading, timing: ClockTiming): number {
  const elapsed = elapsedAtLeast(sample.received, at) / (1 + timing.clockDriftRatio);
  return sample.date - timing.serviceClockErrorMs + elapsed;
}

/**
 * How long from `at`, on this process's clocks, service time surely stays below `deadline`, as an allowance
 * anchored at a sample; `undefined` without samples.
 */
export function allowanceUntil(
  deadline: number,
  samples: readonly Sample[],
  at: Reading,
  timing: ClockTiming,
): { readonly from: Reading; readonly lengthMs: number } | undefined {
  const best = bestBy(samples, (sample) => -latestBy(sample, at, timing));
  if (best === undefined) return undefined;
  const head = deadline - best.date - HEADER_RESOLUTION_MS - timing.serviceClockErrorMs;
  return { from: best.sent, lengthMs: head * (1 - timing.clockDriftRatio) };
}

/**
 * The best guess at service time: the wall clock where the service does not contradict it, else the middle
 * of what the service allows. Safety never rests on it; claims are stamped with it.
 */
export function estimateServiceTime(samples: readonly Sample[], at: Reading, timing: ClockTiming): EpochMs {
  if (outsideBy(at.wall, samples, at, timing) === 0) return epochMs(Math.round(at.wall));
  const earliest = earliestServiceTime(samples, at, timing);
  return epochMs(Math.round((earliest + latestServiceTime(samples, at, timing)) / 2));
}

/**
 * How far a belief about service time at `at` is outside of what the service allows, in ms: negative when it is
 * behind, positive when it is ahead, 0 when nothing speaks against it.
 */
export function outsideBy(
  belief: number,
  samples: readonly Sample[],
  at: Reading,
  timing: ClockTiming,
): number {
  const earliest = earliestServiceTime(samples, at, timing);
  if (belief < earliest) return belief - earliest;
  const latest = latestServiceTime(samples, at, timing);
  return belief > latest ? belief - latest : 0;
}

/**
 * The best guess of somebody who took samples a moment ago: the wall clock where it is no further ahead of what the
 * service and the monotonic clock prove than a header and drift leave open, else the middle of that. So what is
 * stamped with it is never later than a second, 2δ and the drift since the sample, whatever the wall clock does: a step,
 * which could as well be a freeze, decides nothing. After a freeze it is behind, until the next sample. Without samples,
 * the wall clock.
 */
export function steadyServiceTime(samples: readonly Sample[], at: Reading, timing: ClockTiming): EpochMs {
  const best = bestBy(samples, (sample) => earliestBy(sample, at, timing));
  if (best === undefined) return epochMs(Math.round(at.wall));
  const earliest = earliestBy(best, at, timing);
  const elapsed = elapsedAtLeast(best.received, at) / (1 - timing.clockDriftRatio);
  const latest = best.date + HEADER_RESOLUTION_MS + timing.serviceClockErrorMs + elapsed;
  const borneOut = at.wall >= earliest && at.wall <= latest;
  return epochMs(Math.round(borneOut ? at.wall : (earliest + latest) / 2));
}

/**
 * How far a belief that somebody had when a request was sent lies ahead of the latest that service time can have been
 * then, in ms; 0 where it does not. No clock of the process takes part: a response is made after its request was sent.
 */
export function aheadAtSending(belief: number, samples: readonly Sample[], timing: ClockTiming): number {
  let latest = Infinity;
  for (const { date } of samples) {
    latest = Math.min(latest, date + HEADER_RESOLUTION_MS + timing.serviceClockErrorMs);
  }
  return Math.max(0, belief - latest);
}

/**
 * The samples of requests that were sent no earlier than a reading. Only they vouch for a write that was sent then: what
 * an older one says of now rests on the clocks having shown every freeze since, also of the time when nobody looked.
 */
export function samplesSince(samples: readonly Sample[], from: Reading): readonly Sample[] {
  return samples.filter(({ sent }) => sent.passed >= from.passed);
}

/**
 * The samples that vouch for what was sent with a request: its own answer's, where it brought one, and those of requests that were sent
 * later.
 */
export function vouchersFor(
  sent: Reading,
  sample: Sample | undefined,
  samples: readonly Sample[],
): readonly Sample[] {
  return samplesSince(sample === undefined ? samples : [...new Set([sample, ...samples])], sent);
}

/**
 * Adds a sample and keeps those that bound service time best: at most three. Where the older ones and the new one cannot
 * both be right, the clocks have hidden something, and only the new one is kept.
 */
export function withSample(
  samples: readonly Sample[],
  sample: Sample,
  timing: ClockTiming,
): readonly Sample[] {
  const at = sample.received;
  const contradicted =
    latestServiceTime(samples, at, timing) < earliestBy(sample, at, timing) ||
    earliestServiceTime(samples, at, timing) > latestBy(sample, at, timing);
  if (contradicted) return [sample];
  const all = [...samples, sample];
  const tightest = [
    bestBy(all, (candidate) => -latestBy(candidate, at, timing)) ?? sample,
    bestBy(all, (candidate) => earliestBy(candidate, at, timing)) ?? sample,
  ];
  return [...new Set([sample, ...tightest])];
}

function bestBy(samples: readonly Sample[], score: (sample: Sample) => number): Sample | undefined {
  let best: Sample | undefined;
  for (const sample of samples) if (best === undefined || score(sample) > score(best)) best = sample;
  return best;
}
