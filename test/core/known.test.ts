import { describe, expect, it } from "vitest";
import { parseKnown } from "../../lib/core/known.ts";
import { leaseErrorIn } from "../support/failures.ts";

const KNOWN = { durationMs: true, renewIntervalMs: true, tick: true, signal: true, id: true } as const;
const refusal = (options: unknown): string =>
  leaseErrorIn(() => parseKnown(options, KNOWN, "acquire"), "INVALID_ARGUMENT").message;

describe("options", () => {
  it("that are known are taken, and so is what says nothing, whatever its name", () => {
    for (const options of [undefined, {}, { tick: "t" }, { tick: undefined, other: undefined }]) {
      expect(() => parseKnown(options, KNOWN, "acquire")).not.toThrow();
    }
  });

  it.each([
    ["durationMS", "durationMs"],
    ["duration", "durationMs"],
    ["durationms", "durationMs"],
    ["durtionMs", "durationMs"],
    ["renewInterval", "renewIntervalMs"],
    ["renewalIntervalMs", "renewIntervalMs"],
    ["tck", "tick"],
    ["Signal", "signal"],
    ["signals", "signal"],
  ])("that are not known are refused by name, with the one that is near: %s", (name, meant) => {
    expect(refusal({ [name]: 1 })).toBe(`acquire has no option "${name}"; did you mean "${meant}"?`);
  });

  it("that are like none are refused with all that there are", () => {
    for (const name of ["ttl", "constructor", "toString", "x".repeat(50), ""]) {
      expect(refusal({ [name]: 1 })).toBe(
        `acquire has no option "${name}"; it has durationMs, renewIntervalMs, tick, signal, id`,
      );
    }
  });

  it("are an object, or left out", () => {
    expect(refusal(null)).toBe("the options of acquire must be an object, not null");
    expect(refusal("15000")).toBe("the options of acquire must be an object, not string");
    expect(refusal(() => 1)).toMatch(/function/);
  });
});
