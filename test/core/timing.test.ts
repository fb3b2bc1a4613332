import { describe, expect, it } from "vitest";
import { DEFAULT_TIMING, parseTiming, recoveryBoundMs, type TimingOptions } from "../../lib/core/timing.ts";
import { leaseErrorIn } from "../support/failures.ts";

const DAY = 86_400_000;

/** Each length, with the least and the most that it may be. */
const LENGTHS: readonly (readonly [keyof TimingOptions, number, number])[] = [
  ["durationMs", 1_000, DAY],
  ["renewIntervalMs", 50, DAY],
  ["retryIntervalMs", 50, DAY],
  ["requestTimeoutMs", 50, DAY],
  ["graceMs", 0, DAY],
  ["serviceClockErrorMs", 0, 60_000],
  ["retentionMs", DAY, 3_650 * DAY],
];

const NO_LENGTH: readonly (readonly [string, unknown, string])[] = [
  ["NaN", Number.NaN, "NaN"],
  ["negative", -1, "-1"],
  ["fractional", 1_500.5, "1500.5"],
  ["infinite", Number.POSITIVE_INFINITY, "Infinity"],
  ["minus infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
  ["absurdly large", 1e300, "1e+300"],
  ["beyond what is counted exactly", 2 ** 60, String(2 ** 60)],
  ["a string", "15000", '"15000"'],
  ["null", null, "null"],
  ["a boolean", true, "true"],
  ["an object", {}, "[object Object]"],
];

function refusal(options: Record<string, unknown>): string {
  return leaseErrorIn(() => parseTiming(options), "INVALID_ARGUMENT").message;
}

describe.each(LENGTHS)("%s", (option, min, max) => {
  it.each(NO_LENGTH)(
    "refuses what is %s, and names the option, the value and the bounds",
    (_, value, shown) => {
      const message = refusal({ [option]: value });
      expect(message).toContain(option);
      expect(message).toContain(shown);
      expect(message).toContain(String(min));
      expect(message).toContain(String(max));
    },
  );

  it("refuses one less than the least and one more than the most", () => {
    expect(refusal({ [option]: max + 1 })).toContain(String(max + 1));
    expect(refusal({ [option]: min - 1 })).toContain(String(min - 1));
  });
});

it("refuses a duration, an interval, a retry and a timeout of zero", () => {
  for (const option of ["durationMs", "renewIntervalMs", "retryIntervalMs", "requestTimeoutMs"]) {
    expect(refusal({ [option]: 0 })).toContain(option);
  }
});

it.each([
  ["NaN", Number.NaN],
  ["negative", -0.001],
  ["above 0.1", 0.1001],
  ["a string", "0.005"],
  ["infinite", Number.POSITIVE_INFINITY],
  ["null", null],
])("refuses a drift ratio that is %s", (_, value) => {
  const message = refusal({ clockDriftRatio: value });
  expect(message).toContain("clockDriftRatio");
  expect(message).toContain("0.1");
});

describe("options that contradict each other", () => {
  it("are refused when a renewal interval leaves no second chance", () => {
    const message = refusal({ durationMs: 10_000, renewIntervalMs: 5_000 });
    expect(message).toMatch(/renewIntervalMs.*5000.*half.*durationMs.*10000/);
    expect(parseTiming({ durationMs: 10_000, renewIntervalMs: 4_999 }).renewIntervalMs).toBe(4_999);
  });

  it("are refused when two requests that time out do not fit after a renewal interval", () => {
    const message = refusal({ durationMs: 10_000, renewIntervalMs: 4_000, requestTimeoutMs: 3_001 });
    expect(message).toMatch(/renewIntervalMs.*4000.*requestTimeoutMs.*3001.*durationMs.*10000/);
    const fits = parseTiming({ durationMs: 10_000, renewIntervalMs: 4_000, requestTimeoutMs: 3_000 });
    expect(fits.requestTimeoutMs).toBe(3_000);
  });

  it("are refused when the grace does not cover the second that the header hides, and δ on both sides", () => {
    const message = refusal({ graceMs: 1_499 });
    expect(message).toMatch(/graceMs.*1499.*1000 \+ 2.*serviceClockErrorMs.*1500/);
    expect(refusal({ serviceClockErrorMs: 251 })).toContain("1502");
    expect(parseTiming({ graceMs: 1_000, serviceClockErrorMs: 0 }).graceMs).toBe(1_000);
  });
});

describe("defaults", () => {
  it("are those that the options' documentation names", () => {
    const expected = {
      durationMs: 15_000,
      renewIntervalMs: 5_000,
      retryIntervalMs: 2_000,
      requestTimeoutMs: 3_000,
      graceMs: 1_500,
      serviceClockErrorMs: 250,
      clockDriftRatio: 0.005,
      retentionMs: 30 * DAY,
    };
    expect(parseTiming({})).toEqual(expected);
    expect(parseTiming({ durationMs: undefined, graceMs: undefined })).toEqual(expected);
    expect(DEFAULT_TIMING).toEqual(expected);
  });

  it("follow the duration: a third of it to renew, a fifth of it per request, at most 5 seconds", () => {
    expect(parseTiming({ durationMs: 1_000 })).toMatchObject({ renewIntervalMs: 333, requestTimeoutMs: 200 });
    expect(parseTiming({ durationMs: DAY })).toMatchObject({
      renewIntervalMs: DAY / 3,
      requestTimeoutMs: 5_000,
    });
  });

  it("hold together at every duration that is allowed", () => {
    for (const durationMs of [1_000, 1_001, 1_003, 2_999, 15_001, 25_000, 86_399_999, DAY]) {
      expect(parseTiming({ durationMs }).durationMs).toBe(durationMs);
    }
  });
});

it("bounds how long a crashed leader's work stays without a leader", () => {
  // 15,000 × 1.005 / 0.995², twice the grace, a second, δ, a retry.
  expect(recoveryBoundMs(parseTiming({}))).toBe(21_477);
  const exact = { serviceClockErrorMs: 0, clockDriftRatio: 0, graceMs: 1_000 };
  expect(recoveryBoundMs({ ...exact, durationMs: 10_000, retryIntervalMs: 200 })).toBe(13_200);
});
