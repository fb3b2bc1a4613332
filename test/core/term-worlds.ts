import * as fc from "fast-check";
import { parseTerm } from "../../lib/core/options.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { beginTerm, step } from "../../lib/core/term-machine.ts";
import type { Answered, Facts, Step, Term, TermEvent, TermRules } from "../../lib/core/term-state.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs, instant, nextReading, type Reading } from "../../lib/core/units.ts";

const NOON = 1_000_000;
/** The timing of every world: the defaults. */
export const TIMING = parseTiming({});

/** Something that happens some time after what happened before, as chance has it. */
interface Chance {
  readonly afterMs: number;
  /** How much the wall clock gains on the monotonic one: a freeze, or somebody who sets it. */
  readonly wallMs: number;
  readonly what:
    | "time"
    | "look"
    | "heard"
    | "renew"
    | "proclaim"
    | "renewed"
    | "step-down"
    | "stop"
    | "release"
    | "released";
  readonly answer: "written" | "undated" | "own" | "same-id" | "other" | "gone" | "unknown" | "failed";
  /** Whether an answer is to a write that was never sent. */
  readonly stray: boolean;
  readonly flag: boolean;
}

const chance: fc.Arbitrary<Chance> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 6_000 })),
  wallMs: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -9_000, max: 9_000 }) },
  ),
  what: fc.constantFrom(
    "time",
    "time",
    "look",
    "heard",
    "renew",
    "renew",
    "proclaim",
    "renewed",
    "renewed",
    "renewed",
    "step-down",
    "stop",
    "release",
    "released",
    "released",
  ),
  answer: fc.constantFrom(
    "written",
    "written",
    "undated",
    "own",
    "same-id",
    "other",
    "gone",
    "unknown",
    "failed",
  ),
  stray: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  flag: fc.boolean(),
});

/** The settings of a term, and what happens to it. */
export const world = fc.record({
  stable: fc.boolean(),
  limitMs: fc.constantFrom(Infinity, 20_000),
  waits: fc.boolean(),
  renews: fc.boolean(),
  holdAtLeastMs: fc.constantFrom(0, 4_000),
  chances: fc.array(chance, { maxLength: 40 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const first = (durationMs: number): LeaseRecord => ({
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 1,
  transitions: 1,
  writeId: "claim",
  durationMs,
  expiresAt: epochMs(NOON + durationMs),
});

/** A step, and what it began with. */
export interface Seen {
  readonly before: Term;
  readonly event: TermEvent;
  readonly at: Reading;
  readonly next: Step;
}

/** Plays a world, and tells what was seen at each step. */
export function play({ stable, limitMs, waits, renews, holdAtLeastMs, chances }: World): {
  readonly rules: TermRules;
  readonly steps: readonly Seen[];
} {
  const options = {
    termLimitMs: limitMs,
    renew: renews ? ("auto" as const) : ("manual" as const),
    holdAtLeastMs,
    tick: "2026-01-01T00:00:00.000Z",
  };
  const settings = parseTerm(options, { options: {}, timing: TIMING, label: "ann" });
  const rules: TermRules = {
    name: "jobs",
    holder: "ann",
    stable,
    priority: 0,
    minTermMs: 0,
    timing: TIMING,
    settings,
  };
  let ids = 0;
  let mono = 0;
  let wall = NOON;
  let at = nextReading({ mono: instant(mono), wall: epochMs(wall) });
  const facts = (): Facts => ({
    at,
    samples: [],
    get writeId() {
      ids += 1;
      return `w${ids}`;
    },
  });
  const limit = { from: at, lengthMs: limitMs };
  const record = first(TIMING.durationMs);
  const validity = [{ from: at, lengthMs: TIMING.durationMs * 0.995 }, limit];
  let { term } = beginTerm(rules, { record, validity, vouchers: [], limit, overOwn: false }, facts());
  if (waits) ({ term } = step(rules, term, { on: "work" }, facts()));
  const steps = chances.map((happens): Seen => {
    mono += happens.afterMs;
    wall += happens.afterMs + happens.wallMs;
    at = nextReading({ mono: instant(mono), wall: epochMs(wall) }, at);
    const before = term;
    const event = eventOf(happens, term, at);
    const next = step(rules, term, event, facts());
    ({ term } = next);
    return { before, event, at, next };
  });
  return { rules, steps };
}

function eventOf({ what, answer, stray, flag }: Chance, term: Term, at: Reading): TermEvent {
  const { renewal, row } = term;
  const sent = renewal.is === "in-flight" ? renewal.sent : at;
  const sample = {
    sent,
    received: at,
    date: epochMs(Math.floor((NOON + Number(at.passed)) / 1_000) * 1_000),
  };
  switch (what) {
    case "heard":
      return { on: "heard", date: epochMs(NOON + at.mono) };
    case "renew":
      return { on: "renew", order: { byTimer: flag } };
    case "proclaim":
      return { on: "renew", order: { byTimer: false, value: { is: { at: at.mono } } } };
    case "renewed": {
      const writeId = renewal.is === "in-flight" && !stray ? renewal.writeId : "stray";
      const answered = answerOf(answer, term, writeId);
      const dated = answer === "written" && "servedAt" in answered;
      return { on: "renewed", writeId, answered, sent, sample: dated ? sample : undefined };
    }
    case "released": {
      const writeId = row.is === "releasing" && !stray ? row.writeId : "stray";
      return { on: "released", writeId, answered: answerOf(answer, term, writeId) };
    }
    case "step-down":
      return {
        on: "step-down",
        to: flag ? "bob" : undefined,
        reserveForMs: 5_000,
        drainMs: flag ? 2_000 : 0,
      };
    case "stop":
      return { on: "stop", reason: "told" };
    case "release":
      return { on: "release", done: flag, unseen: false };
    default:
      return { on: what };
  }
}

function answerOf(answer: Chance["answer"], term: Term, writeId: string): Answered {
  const { record, renewal, unanswered } = term;
  const servedAt = epochMs(NOON);
  const refused = (current: LeaseRecord | undefined): Answered => ({ kind: "refused", current, servedAt });
  const revision = record.revision + 1;
  switch (answer) {
    case "unknown":
      return { kind: "unknown", cause: "nobody answers" };
    case "failed":
      return { kind: "failed", error: "denied" };
    case "gone":
      return refused(undefined);
    case "other":
      return refused({ ...record, holder: "bob", token: 8, revision, writeId: "b" });
    case "same-id":
      return refused({ ...record, revision, writeId: "other" });
    case "own":
      return refused({ ...record, revision, writeId: unanswered[0] ?? "other" });
    default: {
      const { durationMs, expiresAt } = renewal.is === "in-flight" ? renewal : record;
      const written = { ...record, revision, writeId, durationMs, expiresAt };
      return { kind: "written", record: written, tokenBefore: undefined, servedAt };
    }
  }
}
