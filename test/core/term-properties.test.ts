import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hearsFrom, nextDue, step } from "../../lib/core/term-machine.ts";
import { remainingAt } from "../../lib/core/term-draft.ts";
import type { Effect, Step, Term } from "../../lib/core/term-state.ts";
import { epochMs } from "../../lib/core/units.ts";
import { play, type Seen, TIMING, world } from "./term-worlds.ts";

const always = (holds: (seen: Seen) => void): void =>
  fc.assert(
    fc.property(world, (given) => {
      for (const seen of play(given).steps) holds(seen);
    }),
    { numRuns: 2_000 },
  );

const has = (effects: readonly Effect[], what: Effect["do"]): number =>
  effects.filter((effect) => effect.do === what).length;

describe("whatever happens, in whatever order, a term", () => {
  it("that has ended stays so, with the same reason and without a timer", () => {
    always(({ before, at, next }) => {
      if (before.lead.is === "on") return;
      expect(next.term.lead).toEqual(before.lead);
      expect(remainingAt(next.term, at)).toBe(0);
      expect(nextDue(next.term)).toBeUndefined();
    });
  });

  it("ends once: the state first, then the signal, then all that is told or sent", () => {
    always(({ before, next: { term, effects } }) => {
      const ends = before.lead.is === "on" && term.lead.is === "over";
      expect(has(effects, "end")).toBe(ends ? 1 : 0);
      if (!ends) return;
      expect(effects.slice(0, 2).map((effect) => effect.do)).toEqual(["abort", "end"]);
    });
  });

  it("that has run out by a step's reading is over after it, whatever the event", () => {
    always(({ before, at, next }) => {
      if (remainingAt(before, at) <= 0) expect(next.term.lead.is).toBe("over");
      if (next.term.lead.is === "on") expect(remainingAt(next.term, at)).toBeGreaterThan(0);
    });
  });

  it("has no effects after its end but those of its release, and what settles a renewal", () => {
    always(({ before, next: { effects } }) => {
      if (before.lead.is === "on") return;
      for (const effect of effects) {
        const leaves = ["release", "settle", "answer", "abort"].includes(effect.do);
        expect(leaves || (effect.do === "send" && effect.as === "release")).toBe(true);
        if (effect.do === "answer") expect(effect.how.is).toBe("over");
        if (effect.do === "abort") expect(effect.because).not.toBe("over");
      }
    });
  });

  it("lasts no longer than it did unless its own write was acknowledged", () => {
    always(({ before, event, at, next }) => {
      const acknowledged =
        event.on === "renewed" && event.answered.kind === "written" && event.writeId !== "stray";
      if (acknowledged) return;
      expect(remainingAt(next.term, at)).toBeLessThanOrEqual(remainingAt(before, at));
    });
  });

  it("lasts no longer than its length, less the drift, from when its last renewal was sent", () => {
    always(({ event, at, next }) => {
      if (event.on !== "renewed" || event.answered.kind !== "written" || next.term.lead.is === "over") return;
      const sinceMs = event.sent === undefined ? 0 : at.passed - event.sent.passed;
      expect(remainingAt(next.term, at)).toBeLessThanOrEqual(TIMING.durationMs * 0.995 - sinceMs);
    });
  });

  it("never lets a renewal be sent while one is in flight, nor anything but its release once the row is given up", () => {
    always(({ before, next: { effects } }) => {
      const renewals = effects.filter((effect) => effect.do === "send" && effect.as === "renewal").length;
      expect(renewals).toBeLessThanOrEqual(1);
      if (before.row.is !== "held") expect(renewals).toBe(0);
    });
    always(({ before, event, next: { effects } }) => {
      if (before.renewal.is === "in-flight" && event.on !== "renewed")
        expect(effects.some((effect) => effect.do === "send" && effect.as === "renewal")).toBe(false);
    });
  });

  it("is over as soon as its row is not held", () => {
    always(({ next: { term } }) => {
      if (term.row.is !== "held") expect(term.lead.is).toBe("over");
    });
  });

  it("is left as it is by a header before the one that it waits for, and is ended by that one", () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 100_000 }), (given, sooner) => {
        const { rules, steps } = play(given);
        for (const { before, at } of steps) {
          if (before.lead.is === "on" && remainingAt(before, at) <= 0) continue; // Whatever it hears, it has run out.
          const from = hearsFrom(before, rules.timing);
          const heard = (date: number): Step =>
            step(rules, before, { on: "heard", date: epochMs(date) }, { at, samples: [], writeId: "none" });
          if (from === -Infinity) {
            expect(hearsFrom(heard(0).term, rules.timing), "it has heard").toBeGreaterThan(0);
            continue;
          }
          const early = heard(Math.min(from, 1e15) - sooner);
          expect(early.effects).toEqual([]);
          if (before.lead.is === "on") expect(early.term).toEqual(before);
          if (from < Infinity) expect(heard(from).term.lead.is).toBe("over");
        }
      }),
      { numRuns: 500 },
    );
  });

  it("looks at its clocks within a second, or sooner where it ends", () => {
    always(({ event, at, next: { term } }) => {
      const due = nextDue(term);
      if (event.on !== "time" || due === undefined) return;
      expect(due - at.mono).toBeLessThanOrEqual(1_000);
      expect(due - at.mono).toBeLessThanOrEqual(Math.max(1, Math.ceil(remainingAt(term, at))));
    });
  });

  it("is plain data: written down and read again, it goes on the same", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { rules, steps } = play(given);
        for (const { before, event, at, next } of steps) {
          const read = JSON.parse(JSON.stringify(before)) as Term;
          expect(read).toEqual(JSON.parse(JSON.stringify(read)));
          const writeId = idIn(next);
          const again = step(rules, read, event, { at, samples: [], writeId });
          expect(again).toEqual(next);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The id that a step drew, if it drew one. */
function idIn({ effects, term }: Step): string {
  for (const effect of effects) if (effect.do === "send") return effect.write.writeId;
  return term.renewal.is === "in-flight" ? term.renewal.writeId : "none";
}
