import { describe, expect, it } from "vitest";
import {
  LEASE_DURATION_BOUNDS_MS,
  type LeaseEnvironment,
  leaseEnvironment,
  leaseVariables,
} from "../../lib/dynamodb/lease-environment.ts";
import { LeaseClient } from "../../lib/index.ts";
import { InMemoryLeaseStore } from "../../lib/testing/index.ts";
import { leaseErrorIn } from "../support/failures.ts";

const VARIABLES = { LEASE_TABLE_NAME: "leases", LEASE_NAME: "nightly-close", LEASE_DURATION_MS: "15000" };

const refused = (changes: Record<string, string | undefined>): string =>
  leaseErrorIn(() => leaseEnvironment({ ...VARIABLES, ...changes }), "INVALID_ARGUMENT").message;

describe("the environment of an election", () => {
  it("is read from its three variables", () => {
    expect(leaseEnvironment(VARIABLES)).toEqual({
      tableName: "leases",
      name: "nightly-close",
      durationMs: 15_000,
    });
  });

  it("is that of the process unless told otherwise", () => {
    const before = { ...process.env };
    try {
      Object.assign(process.env, VARIABLES);
      expect(leaseEnvironment().name).toBe("nightly-close");
    } finally {
      for (const name of Object.keys(VARIABLES)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  it("reads as it was written", () => {
    const election: LeaseEnvironment = { tableName: "a", name: "ä b/c", durationMs: 1_000 };
    expect(leaseEnvironment(leaseVariables(election))).toEqual(election);
  });

  it.each(Object.keys(VARIABLES))("is refused without %s, which is named along with what sets it", (name) => {
    expect(refused({ [name]: undefined })).toMatch(
      new RegExp(`environment variable ${name} is not set; LeaderSchedule sets it`),
    );
    expect(refused({ [name]: "" })).toMatch(new RegExp(`environment variable ${name} is empty`));
  });

  it("is refused with a name that is no key, or a table's name that is too long", () => {
    expect(refused({ LEASE_NAME: "x".repeat(2_049) })).toMatch(/LEASE_NAME must be .* 1 to 2048 bytes/);
    expect(refused({ LEASE_TABLE_NAME: "x".repeat(1_025) })).toMatch(
      /LEASE_TABLE_NAME must be .* 1024 bytes/,
    );
  });

  it.each(["999", "86400001", "1e4", "0x2000", "15000.5", "-15000", " 15000", "15s", "NaN", "9".repeat(30)])(
    "is refused with %j for a duration",
    (text) => {
      expect(refused({ LEASE_DURATION_MS: text })).toMatch(
        /LEASE_DURATION_MS must be a whole number of milliseconds from 1000 to 86400000, not/,
      );
    },
  );

  it("allows the durations that a client allows, and no others", () => {
    const client = (durationMs: number) => () =>
      new LeaseClient({ store: new InMemoryLeaseStore(), durationMs });
    for (const durationMs of Object.values(LEASE_DURATION_BOUNDS_MS)) {
      expect(leaseEnvironment({ ...VARIABLES, LEASE_DURATION_MS: String(durationMs) })).toMatchObject({
        durationMs,
      });
      expect(client(durationMs)).not.toThrow();
    }
    for (const durationMs of [LEASE_DURATION_BOUNDS_MS.min - 1, LEASE_DURATION_BOUNDS_MS.max + 1]) {
      expect(refused({ LEASE_DURATION_MS: String(durationMs) })).toMatch(/LEASE_DURATION_MS/);
      leaseErrorIn(client(durationMs), "INVALID_ARGUMENT");
    }
  });
});
