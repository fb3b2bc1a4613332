import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { accepts, applied } from "../../lib/core/execution.ts";
import { admit, requestTransfer, revoke, register } from "../../lib/core/auxiliary-writes.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";

const OPERATOR = 4_503_599_627_370_496;
const held: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
};

describe("an operator's request", () => {
  const asking = (of: LeaseRecord, by: string) =>
    requestTransfer(of, { writeId: `w-${by}`, by, priority: OPERATOR });

  it("goes over any candidate's, by its priority", () => {
    const asked = { ...held, requestedBy: "bob", requestedPriority: 5 };
    expect(asking(asked, "cy").expects).toStrictEqual({ holder: "ann", token: 7, requestedBelow: OPERATOR });
  });

  it("goes over an earlier one of an operator's, by whom that named, and no late copy brings that back", () => {
    const first = asking(held, "");
    const once = applied(held, first);
    const second = asking(once, "cy");
    expect(second.expects).toStrictEqual({ holder: "ann", token: 7, requestedBelow: OPERATOR + 1 });
    const twice = applied(once, second);
    expect(twice).toMatchObject({ requestedBy: "cy", requestedPriority: OPERATOR + 1 });
    expect(accepts(twice, first.expects)).toBe(false);
    expect(accepts(twice, second.expects)).toBe(false);
  });
});

describe("a revocation of a reservation", () => {
  const kept: LeaseRecord = { ...held, holder: undefined, reservedFor: "gone", expiresAt: epochMs(9) };

  it("lifts that one, in the state that was seen, and no other", () => {
    const write = revoke(kept, "w-op");
    expect(write).toMatchObject({ kind: "revoke", expects: { vacant: true, token: 7, revision: 3 } });
    expect(applied(kept, write)).not.toHaveProperty("reservedFor");
    expect(accepts(kept, write.expects)).toBe(true);
    expect(accepts({ ...kept, revision: 4 }, write.expects)).toBe(false);
    expect(accepts({ ...kept, holder: "bob" }, write.expects)).toBe(false);
  });
});

describe("an auxiliary row", () => {
  it("is written to the letter: what stands, and what is admitted", () => {
    const standing = { id: "bob", priority: 1, sequence: 5, forMs: 60, now: epochMs(1), since: epochMs(1) };
    const entry = register("jobs", { ...standing, writeId: "w-1" });
    expect(entry).toMatchObject({ kind: "register", clear: [], beginsTerm: false });
    expect(admit("payments", "w-2", 7)).toStrictEqual({
      kind: "admit",
      name: "payments",
      row: "fence",
      writeId: "w-2",
      expects: { tokenBelow: 8 },
      set: { token: 7 },
      clear: [],
      beginsTerm: false,
    });
  });
});

it("is refused with the token that stood against it, where one is known, and shows none where not", () => {
  expect(new LeaseError("FENCED", "refused", { token: 9 }).token).toBe(9);
  expect("token" in new LeaseError("FENCED", "refused")).toBe(false);
});
