import { abandon } from "../../../lib/core/writes.ts";
import type { Sighting } from "../../../lib/core/evidence.ts";
import { REGION } from "../world/tenure.ts";
import { type Plant, replacing } from "./plant.ts";

/** A sighting of the record without what it says of a lock-delay. */
function undelayed(seen: Sighting): Sighting {
  return { ...seen, record: { ...seen.record, reclaimDelayMs: 0 } };
}

/** Faults in how terms are gone on with, kept for an id, and kept closed. */
export const IN_TENURE: readonly Plant[] = [
  {
    name: "resume with an id that is not stable",
    about: "an invocation goes on with the term of another that is still at work",
    scenario: "sticky",
    caughtBy: "I2-one-leader",
    budget: 100,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) => {
        const identity = situation.identity === "shared" ? "stable" : situation.identity;
        return original.nextMove({ ...situation, identity }, timing);
      },
    })),
  },
  {
    name: "resume not by compare-and-set",
    about: "a late copy of a process's first word is applied again in the middle of its term",
    scenario: "resume",
    caughtBy: "I4-own-term-only",
    budget: 300,
    replace: replacing("core/writes.ts", (original) => ({
      resume: (...given) => {
        const { expects, ...write } = original.resume(...given);
        const { revision: _, ...less } = expects;
        return { ...write, expects: less };
      },
    })),
  },
  {
    name: "release of a stable id without the revision",
    about: "the last word of a dead process vacates the term that its successor has gone on with",
    scenario: "resume",
    caughtBy: "I4-own-term-only",
    budget: 1_000,
    replace: replacing("core/writes.ts", (original) => ({
      release: (...given) => {
        const { expects, ...write } = original.release(...given);
        const { revision: _, ...less } = expects;
        return { ...write, expects: less };
      },
    })),
  },
  {
    name: "resume with a new token",
    about: "a process that returns begins a term of its own where it could go on with the one there is",
    scenario: "resume",
    caughtBy: "resumption",
    budget: 20,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) => {
        const move = original.nextMove(situation, timing);
        return move.kind === "resume" ? { ...move, kind: "take-over" } : move;
      },
    })),
  },
  {
    name: "own term without the bound of the last token",
    about: "a process that returns takes the term of the one before it for one that it has ended itself",
    scenario: "resume",
    caughtBy: "resumption",
    budget: 20,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) =>
        original.nextMove({ ...situation, lastToken: Number.POSITIVE_INFINITY }, timing),
    })),
  },
  {
    name: "sticky claim without proof",
    about: "an invocation with a fast clock leads beside another of its own id",
    scenario: "sticky",
    caughtBy: "I2-one-leader",
    budget: 200,
    tamper: {
      store: (store) => ({
        write: async (wanted, call) => {
          const outcome = await store.write(wanted, call);
          return outcome.kind === "written" ? { ...outcome, before: undefined } : outcome;
        },
        read: (name, call) => store.read(name, call),
        standing: (name, call) => store.standing(name, call),
        list: (call) => store.list(call),
      }),
    },
  },
  {
    name: "sticky claim shorter than what it puts aside",
    about: "a watch over a claim that does not count is over before the term that it wrote over",
    scenario: "regions",
    caughtBy: "I2-one-leader",
    budget: 300,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const { expects, ...write } = original.claim(request);
        const { vacant } = expects;
        if (vacant === undefined || vacant === true) return { expects, ...write };
        return {
          ...write,
          expects: { ...expects, vacant: { ...vacant, lastingAtMost: Number.MAX_SAFE_INTEGER } },
        };
      },
    })),
  },
  {
    name: "sticky claim abandoned",
    about: "an unanswered claim by a fast clock is vacated, and with it a term that lasts",
    scenario: "regions",
    caughtBy: "I2-one-leader",
    budget: 500,
    tamper: {
      store: (store, process) => ({
        write: async (wanted, call) => {
          const outcome = await store.write(wanted, call);
          const shared = wanted.set.holder?.startsWith(REGION) ?? false;
          if (outcome.kind === "unknown" && wanted.kind === "claim" && shared) {
            void store.write(abandon(wanted.name, wanted.writeId, process.id()), call).catch(() => undefined);
          }
          return outcome;
        },
        read: (name, call) => store.read(name, call),
        standing: (name, call) => store.standing(name, call),
        list: (call) => store.list(call),
      }),
    },
  },
  {
    name: "kept term released",
    about: "a term that is to run out for its own id is released, which costs a request",
    scenario: "sticky",
    caughtBy: "request-budget",
    budget: 50,
    replace: replacing("client/lease-handle.ts", (original) => ({
      openLease: (self, ...rest) =>
        original.openLease({ ...self, settings: { ...self.settings, claimsTick: false } }, ...rest),
    })),
  },
  {
    name: "minimum hold ignored",
    about: "a lease that was to be held for longer is free at its release",
    scenario: "hold",
    caughtBy: "minimum-hold",
    budget: 20,
    replace: replacing("core/handover.ts", (original) => ({
      reservationOf: (departure) => original.reservationOf({ ...departure, holdAtLeastMs: 0 }),
    })),
  },
  {
    name: "minimum hold counted backwards",
    about: "a lease is kept closed for as long as it was held, not for the rest",
    scenario: "hold",
    caughtBy: "minimum-hold",
    budget: 50,
    replace: replacing("core/handover.ts", (original) => ({
      reservationOf: (departure) =>
        original.reservationOf({ ...departure, ledMs: departure.holdAtLeastMs - departure.ledMs }),
    })),
  },
  {
    name: "lock-delay ignored by who watches",
    about: "a watch that is long enough for the term is taken for long enough",
    scenario: "hold",
    caughtBy: "lock-delay",
    budget: 100,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) =>
        original.evidenceOfExpiry(seen, at, timing) ??
        original.evidenceOfExpiry({ ...undelayed(seen), servedAt: undefined }, at, timing),
    })),
  },
  {
    name: "lock-delay ignored by the service's clock",
    about: "the end of the term is taken for the end of what keeps it closed",
    scenario: "hold",
    caughtBy: "lock-delay",
    budget: 100,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) =>
        original.evidenceOfExpiry(seen, at, timing) ??
        original.evidenceOfExpiry({ ...undelayed(seen), firstSeen: at }, at, timing),
    })),
  },
  {
    name: "lock-delay forgotten by the claim",
    about: "what a term was to stay closed for does not come to stand on the record",
    scenario: "hold",
    caughtBy: "lock-delay",
    budget: 100,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => original.claim({ ...request, reclaimDelayMs: 0 }),
      takeOver: (request, seen) => original.takeOver({ ...request, reclaimDelayMs: 0 }, seen),
    })),
  },
];
