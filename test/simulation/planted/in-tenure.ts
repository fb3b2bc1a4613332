import type { Sighting } from "../../../lib/core/evidence.ts";
import { plusMs } from "../../../lib/core/units.ts";
import { type Plant, replacing } from "./plant.ts";

/** A sighting of the record as if it promised no lock-delay. */
function undelayed(seen: Sighting): Sighting {
  const { durationMs, lockDelayMs = 0, expiresAt, ...record } = seen.record;
  const early = expiresAt === undefined ? undefined : plusMs(expiresAt, -lockDelayMs);
  return { ...seen, record: { ...record, durationMs: durationMs - lockDelayMs, expiresAt: early } };
}

/** Faults in how terms are gone on with, kept for an id, and kept closed. */
export const IN_TENURE: readonly Plant[] = [
  {
    name: "resume with an id that is not stable",
    about: "an invocation goes on with the term of another that is still at work",
    scenario: "affinity",
    caughtBy: "I2-one-leader",
    budget: 100,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) => {
        const held = situation.seen?.record.holder;
        const shares = situation.affinity !== undefined && held !== undefined;
        return original.nextMove(shares ? { ...situation, stable: true, holder: held } : situation, timing);
      },
    })),
  },
  {
    name: "resume not by compare-and-set",
    about: "a late copy of a process's first word is applied again in the middle of its term",
    scenario: "resume",
    caughtBy: "I4-own-term-only",
    budget: 300,
    from: 4,
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
    from: 194,
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
    name: "affinity ignored by the release",
    about: "a lease that was to be kept for a label is open to all",
    scenario: "affinity",
    caughtBy: "reservations",
    budget: 20,
    replace: replacing("core/handover.ts", (original) => ({
      reservationOf: (departure) => original.reservationOf({ ...departure, affinity: undefined }),
    })),
  },
  {
    name: "anybody's affinity",
    about: "a claim takes what is kept for a label that its candidate does not bear",
    scenario: "affinity",
    caughtBy: "reservations",
    budget: 50,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const { expects, ...write } = original.claim(request);
        return { ...write, expects: { ...expects, openTo: [request.holder, "@region-0", "@region-1"] } };
      },
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
      claim: (request) => original.claim({ ...request, lockDelayMs: 0 }),
      takeOver: (request, seen) => original.takeOver({ ...request, lockDelayMs: 0 }, seen),
    })),
  },
];
