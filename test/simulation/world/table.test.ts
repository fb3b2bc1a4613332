import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import { epochMs } from "../../../lib/core/units.ts";
import { accepts, applied } from "../../../lib/core/execution.ts";
import type { Expectation, LeaseWrite } from "../../../lib/core/lease-write.ts";
import { LeaseTable } from "./table.ts";

const small = fc.integer({ min: 0, max: 3 });
const word = fc.constantFrom("a", "b");
const partly = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { requiredKeys: [] });

const records: fc.Arbitrary<LeaseRecord> = fc
  .tuple(
    fc.record({ token: small, revision: small, writeId: word, durationMs: small, transitions: small }),
    partly({
      holder: word,
      tick: word,
      value: word,
      expiresAt: small.map((ms) => epochMs(ms)),
      reservedFor: word,
      requestedPriority: small,
    }),
  )
  .map(([base, rest]) => Object.assign({ name: "lease" }, base, rest));

const writes: fc.Arbitrary<LeaseWrite> = fc
  .record({
    kind: fc.constant("renew" as const),
    name: fc.constant("lease"),
    writeId: fc.constant("w"),
    expects: partly<Required<Expectation>>({
      vacant: fc.constant(true as const),
      openTo: fc.array(word, { minLength: 1, maxLength: 2 }),
      requestedBelow: small,
      tokenBelow: small,
      tickBelow: word,
      tick: word,
      revision: small,
      token: small,
      holder: word,
      writeId: word,
    }),
    set: partly({ holder: word, token: small, durationMs: small, value: word, tick: word }),
    clear: fc.subarray(["holder", "expiresAt", "value", "tick"] as const),
    beginsTerm: fc.boolean(),
  })
  .chain((write) => fc.constantFrom(write, { ...write, piggybacks: true as const }));

describe("the simulated table", () => {
  it("accepts and makes what the core says, though it shares no code with it", () => {
    fc.assert(
      fc.property(fc.option(records, { nil: undefined }), writes, (before, write) => {
        const table = new LeaseTable();
        table.put("lease", before);
        const { after } = table.execute(write);
        expect(after !== undefined).toBe(accepts(before, write.expects));
        if (after === undefined) expect(table.get("lease")).toEqual(before);
        else expect(applied(before, write)).toMatchObject(after);
      }),
      { numRuns: 2_000 },
    );
  });
});
