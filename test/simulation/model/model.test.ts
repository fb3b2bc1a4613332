import { describe, expect, it } from "vitest";
import { FAULTS, type Fault } from "./faults.ts";
import { type Found, shorten, walk } from "./walk.ts";

/** Walks that every test run pays for. `MODEL_WALKS=1000000` walks further. */
const WALKS = Number(process.env.MODEL_WALKS ?? 1_000);
/** So many walks may a fault stay undiscovered. */
const PATIENCE = 600;
/** Where the search for the rarest of them begins: one walk in thousands meets them. */
const FROM: Partial<Record<Fault, number>> = {
  "an older row settles a take-over": 1_100,
  "TTL deletes a session whose token is ahead of the time": 3_400,
};

function firstFault(walks: number, fault?: Fault): Found | undefined {
  const from = (fault && FROM[fault]) ?? 1;
  for (let seed = from; seed < from + walks; seed += 1) {
    const found = walk(seed, fault);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A violation as a reader wants it: as short as can be. */
const told = (found: Found | undefined): unknown => {
  if (found === undefined) return undefined;
  const { seed, wrong, steps } = shorten(found);
  return { seed, wrong, steps };
};

describe("the model of sessions", () => {
  it(`keeps its invariants in ${WALKS} walks`, { timeout: 3_600_000 }, () => {
    expect(told(firstFault(WALKS))).toBeUndefined();
  });

  it.each(FAULTS)("finds what goes wrong where %s", (fault) => {
    expect(firstFault(PATIENCE, fault)?.wrong).toBeDefined();
  });

  it("tells a violation in steps that lead to it again, and in no more than it takes", () => {
    const found = firstFault(PATIENCE, "a claim does not compare the token") as Found;
    const short = shorten(found);
    expect(short.wrong).toBe(found.wrong);
    expect(short.steps.length).toBeLessThan(found.steps.length);
    expect(shorten(short)).toEqual(short);
  });
});
