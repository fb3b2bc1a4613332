import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { type EpochMs, epochMs } from "../../lib/core/units.ts";
import { accepts, applied } from "../../lib/core/execution.ts";
import type { Expectation, LeaseWrite } from "../../lib/core/lease-write.ts";
import type { MakeWorld } from "./contract.ts";
import { call } from "./literals.ts";

const HOLDERS = ["ann", "bob", "cy"];
const TICKS = ["2026-01-01T00:00Z", "2026-01-01T00:05Z", "2026-01-01T00:10Z", "2026-01-02T00:00Z"];

const token = fc.integer({ min: 0, max: 5 });
const epoch = fc.integer({ min: 0, max: 5_000 }).map((ms): EpochMs => epochMs(ms));

/** Sparse: each part present about one time in three, so that writes are accepted often enough. */
const sometimes = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined, freq: 1 });

const expectation: fc.Arbitrary<Expectation> = fc
  .record(
    {
      vacant: fc.constant(true as const),
      openTo: fc.subarray([...HOLDERS], { minLength: 1 }),
      requestedBelow: fc.integer({ min: 0, max: 5 }),
      tokenBelow: fc.integer({ min: 0, max: 7 }),
      tickBelow: fc.constantFrom(...TICKS),
      tick: fc.constantFrom(...TICKS),
      revision: fc.integer({ min: 0, max: 6 }),
      token,
      holder: fc.constantFrom(...HOLDERS),
      writeId: fc.integer({ min: 0, max: 6 }).map((at) => `w-${at}`),
    },
    { requiredKeys: [] },
  )
  .filter((expects) => Object.keys(expects).length > 0)
  .map((expects) => Object.fromEntries(Object.entries(expects).slice(0, 2)));

/** A write without its name and id: nothing both set and cleared, since no `UpdateItem` can do both. */
const parts = fc
  .record({
    expects: expectation,
    set: fc.record(
      {
        holder: fc.constantFrom(...HOLDERS),
        token,
        expiresAt: epoch,
        durationMs: fc.integer({ min: 1, max: 9 }),
        acquiredAt: epoch,
        renewedAt: epoch,
        value: fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.boolean())),
        tick: fc.constantFrom(...TICKS),
        ttl: fc.nat(),
        priority: fc.integer({ min: -5, max: 5 }),
        requestedBy: fc.constantFrom("", ...HOLDERS),
        requestedPriority: fc.integer({ min: 0, max: 5 }),
        lockDelayMs: fc.nat(),
        reservedFor: fc.constantFrom("", ...HOLDERS),
      },
      { requiredKeys: ["token", "durationMs"] },
    ),
    clear: fc.subarray(["holder", "expiresAt", "value", "requestedPriority", "reservedFor", "tick"] as const),
    beginsTerm: fc.boolean(),
    piggybacks: sometimes(fc.constant(true as const)),
    again: sometimes(fc.boolean()),
  })
  .map(({ expects, set, clear, beginsTerm, piggybacks, again }) => {
    const kept = Object.entries(set).filter(([key]) => !(clear as readonly string[]).includes(key));
    const part = { expects, set: Object.fromEntries(kept), clear, beginsTerm, again };
    return piggybacks === true ? Object.assign(part, { piggybacks }) : part;
  });

/** A store as a model: what `accepts` and `applied` of the core say. */
function judge(record: LeaseRecord | undefined, write: LeaseWrite): [string, LeaseRecord | undefined] {
  if (accepts(record, write.expects)) return ["written", applied(record, write)];
  return [record?.writeId === write.writeId ? "written" : "refused", record];
}

/** The store against the core's own account of what a write does. */
export function modelClaims(world: MakeWorld): void {
  it("decides and leaves behind what the core says, over any sequence of writes", {
    timeout: 60_000,
  }, async () => {
    await using here = world();
    let accepted = 0;
    let turnedDown = 0;
    const sequence = fc.array(parts, { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(sequence, async (writes) => {
        const name = here.name("model");
        let model: LeaseRecord | undefined;
        for (const [at, part] of writes.entries()) {
          const { again, ...what } = part;
          const write: LeaseWrite = { kind: "renew", name, writeId: `w-${at}`, ...what };
          for (let times = again ? 2 : 1; times > 0; times -= 1) {
            const [kind, next] = judge(model, write);
            const outcome = await here.store.write(write, call);
            expect(outcome.kind).toBe(kind);
            if (outcome.kind === "written") expect(outcome.record).toEqual(next);
            if (outcome.kind === "refused") expect(outcome.current).toEqual(next);
            if (kind === "written") accepted += 1;
            else turnedDown += 1;
            model = next;
          }
        }
        expect((await here.store.read(name, call)).record).toEqual(model);
      }),
      { numRuns: 60, seed: 20_260_101 },
    );
    expect(accepted, "both outcomes have to be seen often").toBeGreaterThan(50);
    expect(turnedDown).toBeGreaterThan(50);
  });
}
