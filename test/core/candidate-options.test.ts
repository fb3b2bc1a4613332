import { describe, expect, it } from "vitest";
import { type ElectionOptions, parseElection } from "../../lib/core/candidate-options.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { leaseErrorIn } from "../support/failures.ts";

const DAY = 86_400_000;
const timing = parseTiming({ durationMs: 8_000 });
const parse = (options: ElectionOptions = {}) => parseElection(options, timing);

function refusal(options: Record<string, unknown>): string {
  return leaseErrorIn(() => parse(options), "INVALID_ARGUMENT").message;
}

it("stands as the options' documentation says unless it is told otherwise", () => {
  const defaults = {
    id: undefined,
    priority: 0,
    minTermMs: 8_000,
    registrationMs: 60_000,
    troubleLimitMs: Infinity,
  };
  expect(parse()).toEqual(defaults);
  const left = { id: undefined, priority: undefined, minTermMs: undefined, wait: undefined };
  expect(parse({ ...left, register: undefined, registrationMs: undefined })).toEqual(defaults);
});

describe("a priority", () => {
  it("is a whole number of either sign", () => {
    for (const priority of [-1_000_000_000, -1, 0, 7, 1_000_000_000]) {
      expect(parse({ priority }).priority).toBe(priority);
    }
  });

  it.each([
    ["fractional", 0.5],
    ["NaN", Number.NaN],
    ["infinite", Infinity],
    ["too large", 1_000_000_001],
    ["too small", -1_000_000_001],
    ["as large as an operator's", Number.MAX_SAFE_INTEGER],
    ["a string", "1"],
    ["null", null],
  ])("is refused when it is %s, with the bound", (_, priority) => {
    const message = refusal({ priority });
    expect(message).toMatch(/^priority .*-1e9 to 1e9/);
    expect(message).toContain(String(priority));
  });
});

describe("a declared-stable id", () => {
  it("is used as it is, up to what any id may be", () => {
    for (const id of ["pod-0", "x".repeat(640), "é".repeat(320)]) expect(parse({ id }).id).toBe(id);
  });

  it.each([
    ["empty", ""],
    ["too large", "x".repeat(641)],
    ["too large in bytes", "é".repeat(321)],
    ["null", null],
    ["a number", 1],
  ])("is refused when it is %s, with the bound", (_, id) => {
    expect(refusal({ id })).toMatch(/^id .*640/);
  });
});

it("has no id that could be taken for an affinity", () => {
  expect(refusal({ id: "@eu" })).toMatch(/^id must not begin with "@"/);
});

describe("how it registers", () => {
  it("registers for as long as it says, or not at all", () => {
    expect(parse({ registrationMs: 1_000 }).registrationMs).toBe(1_000);
    expect(parse({ registrationMs: DAY }).registrationMs).toBe(DAY);
    expect(parse({ register: false, registrationMs: 5_000 }).registrationMs).toBeUndefined();
    for (const register of [null, 0, "no"])
      expect(refusal({ register })).toMatch(/^register .*true or false/);
  });

  it.each([
    ["registrationMs", 999],
    ["registrationMs", DAY + 1],
    ["registrationMs", Number.NaN],
    ["registrationMs", null],
    ["minTermMs", -1],
    ["minTermMs", DAY + 1],
    ["minTermMs", 0.5],
    ["minTermMs", "0"],
  ])("refuses %s of %j, and names the bounds, also where it would not be used", (option, value) => {
    const message = refusal({ [option]: value, register: false });
    expect(message).toContain(option);
    expect(message).toContain(String(value));
    expect(message).toContain(`from ${option === "minTermMs" ? 0 : 1_000} to 86400000`);
  });

  it("settles at once when it is told to", () => {
    expect(parse({ minTermMs: 0 }).minTermMs).toBe(0);
  });
});
