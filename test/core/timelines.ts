import * as fc from "fast-check";
import type { Sample } from "../../lib/core/service-clock.ts";
import { type EpochMs, epochMs, instant, nextReading, type Reading } from "../../lib/core/units.ts";

/** The assumptions that the properties hold under: δ and ρ. */
export const TIMING = { serviceClockErrorMs: 250, clockDriftRatio: 0.005, graceMs: 1_500 };

/** Makes readings of a process whose clocks were first read at these: each is taken as the one right after that. */
export const readingsFrom =
  (mono0: number, wall0: number) =>
  (mono: number, wall: number = wall0): Reading =>
    nextReading(
      { mono: instant(mono), wall: epochMs(wall) },
      nextReading({ mono: instant(mono0), wall: epochMs(wall0) }),
    );

const START = 1_767_225_600_000;

/** A stretch of real time, and what the clocks of one process make of it. */
export interface Stretch {
  readonly realMs: number;
  /** How fast the monotonic clock runs: 1 ± ρ, or 0 while frozen. */
  readonly rate: number;
  /** How far the wall clock steps on top of running. */
  readonly stepMs: number;
}

const drift = fc.double({ min: 1 - TIMING.clockDriftRatio, max: 1 + TIMING.clockDriftRatio, noNaN: true });
const length = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 40_000 }));

/** Real time with drift, and a wall clock that somebody keeps setting: hours ahead, hours back. */
export const wildWall: fc.Arbitrary<Stretch> = fc.record({
  realMs: length,
  rate: drift,
  stepMs: fc.oneof(fc.constant(0), fc.integer({ min: -7_200_000, max: 7_200_000 })),
});

/** Real time with freezes that the monotonic clock does not count; the wall clock is wrong but steady. */
export const freezing: fc.Arbitrary<Stretch> = fc.record({
  realMs: length,
  rate: fc.oneof(drift, fc.constant(0)),
  stepMs: fc.constant(0),
});

/** Freezes, and a wall clock that somebody sets at other times: never both between the same two readings (A3). */
export const setAndFrozen: fc.Arbitrary<Stretch> = fc.oneof(wildWall, freezing);

/** A moment in real time, with what one process's clocks show. */
export interface Moment {
  /** True service time. */
  readonly real: number;
  readonly reading: Reading;
}

/** The moments between stretches of time, by a process whose wall clock starts `wallErrorMs` wrong. */
export function moments(stretches: readonly Stretch[], startMs: number, wallErrorMs: number): Moment[] {
  let real = START + startMs;
  let mono = 5_000;
  let wall = real + wallErrorMs;
  let reading = nextReading({ mono: instant(mono), wall: epochMs(wall) });
  const all: Moment[] = [{ real, reading }];
  for (const { realMs, rate, stepMs } of stretches) {
    real += realMs;
    mono += realMs * rate;
    wall += realMs + stepMs;
    reading = nextReading({ mono: instant(mono), wall: epochMs(wall) }, reading);
    all.push({ real, reading });
  }
  return all;
}

/** What a front end that is `errorMs` off writes into its `Date` header: the time, truncated to the second. */
export function header(real: number, errorMs: number): EpochMs {
  return epochMs(Math.floor((real + errorMs) / 1_000) * 1_000);
}

/** How far a front end is off. */
export const frontEnd = fc.integer({
  min: -TIMING.serviceClockErrorMs,
  max: TIMING.serviceClockErrorMs,
});

/** A moment that has to be there. */
export function at(all: readonly Moment[], index: number): Moment {
  const moment = all[index];
  if (moment === undefined) throw new Error(`there is no moment ${index}`);
  return moment;
}

/** A response: asked for at one moment, served at the next, received at the one after. */
export function sampleOf(all: readonly Moment[], index: number, errorMs: number): Sample {
  return {
    sent: at(all, index).reading,
    received: at(all, index + 2).reading,
    date: header(at(all, index + 1).real, errorMs),
  };
}
