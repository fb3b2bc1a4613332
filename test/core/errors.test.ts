import { describe, expect, it } from "vitest";
import { invalid, isLeaseError, LeaseError } from "../../lib/core/errors.ts";

describe("a lease error", () => {
  it("carries its code, its lease and the error underneath, as it was", () => {
    const cause = new Error("socket hang up");
    const error = new LeaseError("STORE_UNAVAILABLE", "no answer", { lease: "jobs", cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "LeaseError", code: "STORE_UNAVAILABLE", lease: "jobs" });
    expect(error.message).toBe("no answer");
    expect(error.cause).toBe(cause);
    expect(error.stack).toContain("errors.test.ts");
  });

  it("has no cause where there is none", () => {
    expect(new LeaseError("ABORTED", "m")).not.toHaveProperty("cause");
    expect(invalid("m")).toMatchObject({ code: "INVALID_ARGUMENT", lease: undefined });
  });

  it("shows no more than itself when it is logged", () => {
    const shown = Object.keys(new LeaseError("ABORTED", "m", { lease: "jobs" }));
    expect(shown.toSorted()).toEqual(["code", "lease", "name"]);
  });
});

describe("the guard", () => {
  it("knows a lease error, and its code", () => {
    const error = invalid("m");
    expect(isLeaseError(error)).toBe(true);
    expect(isLeaseError(error, "INVALID_ARGUMENT")).toBe(true);
    expect(isLeaseError(error, "LEASE_LOST", "INVALID_ARGUMENT")).toBe(true);
    expect(isLeaseError(error, "LEASE_LOST")).toBe(false);
  });

  it("knows one that another copy of this package made", async () => {
    // The query makes the module system load the file a second time, as a second bundle would.
    const second = new URL("../../lib/core/errors.ts?second", import.meta.url).href;
    const copy: { readonly LeaseError: typeof LeaseError } = await import(/* @vite-ignore */ second);
    expect(copy.LeaseError).not.toBe(LeaseError);
    const foreign: unknown = new copy.LeaseError("LEASE_LOST", "m");
    expect(foreign).not.toBeInstanceOf(LeaseError);
    expect(isLeaseError(foreign, "LEASE_LOST")).toBe(true);
  });

  it.each([
    [
      "an error with the same name and code",
      Object.assign(new Error("m"), { name: "LeaseError", code: "ABORTED" }),
    ],
    ["undefined", undefined],
    ["null", null],
    ["a string", "LeaseError"],
    ["a plain object", { code: "ABORTED" }],
  ])("takes nothing else for one: %s", (_, value) => {
    expect(isLeaseError(value)).toBe(false);
  });
});
