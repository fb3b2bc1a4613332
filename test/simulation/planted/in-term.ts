import type { Facts, Step, Term, TermEvent, TermRules } from "../../../lib/core/term-state.ts";
import { instant } from "../../../lib/core/units.ts";
import { type Plant, replacing } from "./plant.ts";

type Stepping = (rules: TermRules, term: Term, event: TermEvent, facts: Facts) => Step;

/** A machine whose every step passes through something else. */
const stepping = (change: (original: Stepping) => Stepping) =>
  replacing("core/term-machine.ts", (original) => ({ step: change(original.step) }));

/** An answer as if its request had been sent when it came. */
function answeredAtOnce(event: Extract<TermEvent, { on: "renewed" }>, { at }: Facts): typeof event {
  return { ...event, sent: at, sample: event.sample && { ...event.sample, sent: at } };
}

/** Faults in the machine of a term: in what a step makes of an event, and in what is to be done about it. */
export const IN_TERM: readonly Plant[] = [
  {
    name: "nothing runs out",
    about: "a term whose validity is over goes on, whoever asks",
    scenario: "network",
    caughtBy: "I6-ends-explained",
    budget: 20,
    replace: replacing("core/term-draft.ts", () => ({ runOut: () => undefined })),
  },
  {
    name: "validity from when the answer came",
    about: "a renewal whose answer was slow lengthens the term by as much",
    scenario: "edges",
    caughtBy: "I4-own-term-only",
    budget: 300,
    from: 98,
    replace: stepping(
      (step) => (rules, term, event, facts) =>
        step(rules, term, event.on === "renewed" ? answeredAtOnce(event, facts) : event, facts),
    ),
  },
  {
    name: "unanswered renewals forgotten",
    about: "a process takes what its own lost renewal has made for another's of its id",
    scenario: "resume",
    caughtBy: "I6-ends-explained",
    budget: 50,
    replace: stepping(
      (step) => (rules, term, event, facts) => step(rules, { ...term, unanswered: [] }, event, facts),
    ),
  },
  {
    name: "leading until the release is answered",
    about: "the row is vacant while the handle still says that it leads",
    scenario: "network",
    caughtBy: "I2-one-leader",
    budget: 20,
    replace: stepping((step) => (rules, term, event, facts) => {
      const next = step(rules, term, event, facts);
      const parts = event.on === "release" && term.row.is === "held";
      return parts ? { ...next, term: { ...next.term, lead: term.lead } } : next;
    }),
  },
  {
    name: "an answer revives",
    about: "a term that is over leads again on the strength of an answer that came late",
    scenario: "network",
    caughtBy: "I6-ends-explained",
    budget: 300,
    from: 178,
    replace: stepping((step) => (rules, term, event, facts) => {
      const next = step(rules, term, event, facts);
      const late =
        event.on === "renewed" && event.answered.kind === "written" && next.term.lead.is === "over";
      if (!late) return next;
      const validity = [{ from: event.sent ?? facts.at, lengthMs: rules.settings.timing.durationMs }];
      const due = instant(facts.at.mono + 1_000);
      return {
        ...next,
        term: { ...next.term, lead: { is: "on", validity, lookAt: due, renewAt: due } },
      };
    }),
  },
  {
    name: "signal left alone",
    about: "a term ends, and the work's signal does not say so",
    scenario: "calm",
    caughtBy: "I6-ends-explained",
    budget: 20,
    replace: stepping((step) => (...given) => {
      const next = step(...given);
      return { ...next, effects: next.effects.filter((effect) => effect.do !== "abort") };
    }),
  },
  {
    name: "minimum hold forgiven",
    about: "every term is given back as if nobody had been told of it",
    scenario: "hold",
    caughtBy: "minimum-hold",
    budget: 20,
    replace: replacing("core/term-leaving.ts", (original) => ({
      onRelease: (draft, event) => original.onRelease(draft, { ...event, unseen: true }),
    })),
  },
  {
    name: "every occurrence done",
    about: "a release marks the occurrence as done, whatever the work says",
    scenario: "schedule",
    caughtBy: "ticks",
    budget: 20,
    replace: replacing("core/term-leaving.ts", (original) => ({
      onRelease: (draft, event) => original.onRelease(draft, { ...event, done: true }),
    })),
  },
  {
    name: "no occurrence done",
    about: "a release marks no occurrence as done",
    scenario: "schedule",
    caughtBy: "ticks",
    budget: 20,
    replace: replacing("core/term-leaving.ts", (original) => ({
      onRelease: (draft, event) => original.onRelease(draft, { ...event, done: false }),
    })),
  },
  {
    name: "successor forgotten",
    about: "a leader that names its successor steps down for whoever comes first",
    scenario: "hand-over",
    caughtBy: "hand-over",
    budget: 50,
    replace: replacing("core/term-leaving.ts", (original) => ({
      onStepDown: (draft, wanted) => original.onStepDown(draft, { ...wanted, to: undefined }),
    })),
  },
  {
    name: "renewal planned at once",
    about: "a renewal by timer is planned at once instead of at its interval",
    scenario: "calm",
    caughtBy: "request-budget",
    budget: 20,
    replace: replacing("core/term-draft.ts", (original) => ({
      planRenewal: (draft, _pauseMs, parts) => original.planRenewal(draft, 0, parts),
    })),
  },
  {
    name: "hand-over told to nobody",
    about: "a leader is to hand over, and its work does not hear of it",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 300,
    from: 70,
    replace: stepping((step) => (...given) => {
      const next = step(...given);
      return { ...next, effects: next.effects.filter((effect) => effect.do !== "hand-over") };
    }),
  },
  {
    name: "requests accepted at the release alone",
    about: "a holder goes on renewing though a stronger candidate has asked",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 100,
    from: 9,
    replace: stepping(
      (step) => (rules, term, event, facts) =>
        step(event.on === "renewed" ? { ...rules, priority: 1_000_000 } : rules, term, event, facts),
    ),
  },
  {
    name: "end told to nobody who leads by it",
    about: "a candidate does not learn that its term is over",
    scenario: "relay",
    caughtBy: "announcements",
    budget: 20,
    replace: stepping((step) => (...given) => {
      const next = step(...given);
      return { ...next, effects: next.effects.filter((effect) => effect.do !== "end") };
    }),
  },
  {
    name: "first write without the minimum hold",
    about: "a leader that crashes at once leaves its lease open before its minimum hold is over",
    scenario: "hold",
    caughtBy: "minimum-hold",
    budget: 100,
    replace: replacing("core/attempt.ts", (original) => ({
      firstWriteOf: (move, rules, believed) =>
        original.firstWriteOf(
          move,
          { ...rules, settings: { ...rules.settings, holdAtLeastMs: 0 } },
          believed,
        ),
    })),
  },
];
