import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import { type Plant, replacing } from "./plant.ts";

/** A write with some of what it expects left out. */
function expectingLess(write: LeaseWrite, ...omitted: readonly (keyof LeaseWrite["expects"])[]): LeaseWrite {
  const expects = Object.fromEntries(
    Object.entries(write.expects).filter(([name]) => !omitted.includes(name as keyof LeaseWrite["expects"])),
  );
  return { ...write, expects };
}

function setting(write: LeaseWrite, set: LeaseWrite["set"]): LeaseWrite {
  return { ...write, set: { ...write.set, ...set } };
}

/** Faults in what the writes demand and make. */
export const IN_WRITES: readonly Plant[] = [
  {
    name: "release without condition",
    about: "a late release vacates whoever leads by then",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 100,
    replace: replacing("core/writes.ts", (original) => ({
      release: (...given) => expectingLess(original.release(...given), "holder", "token"),
    })),
  },
  {
    name: "release forgotten",
    about: "the row stays held after a graceful release, and the next candidate waits for it to run out",
    scenario: "calm",
    caughtBy: "I5-recovery",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      release: (...given) => ({ ...original.release(...given), expects: { revision: -1 } }),
    })),
  },
  {
    name: "token reset on release",
    about: "the next term's token may be lower than the last",
    scenario: "clocks",
    caughtBy: "I1-tokens-rise",
    budget: 1_000,
    from: 7,
    replace: replacing("core/writes.ts", (original) => ({
      release: (...given) => setting(original.release(...given), { token: 0 }),
    })),
  },
  {
    name: "renewal not by compare-and-set",
    about: "a late copy of an old renewal moves the expiry back under a holder who believes otherwise",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 200,
    replace: replacing("core/writes.ts", (original) => ({
      renew: (...given) => expectingLess(original.renew(...given), "revision"),
    })),
  },
  {
    name: "renewal revives a released row",
    about: "a renewal that is overtaken by the release gives the row its holder back",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 200,
    replace: replacing("core/writes.ts", (original) => ({
      renew: (mine, request) =>
        setting(expectingLess(original.renew(mine, request), "revision"), { holder: mine.holder }),
    })),
  },
  {
    name: "late duplicate claim",
    about: "a claim that does not compare the token is applied again after its release",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 200,
    from: 5,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => expectingLess(original.claim(request), "tokenBelow"),
    })),
  },
  {
    name: "claim of a held row",
    about: "a claim that does not demand a vacant row",
    scenario: "calm",
    caughtBy: "I2-one-leader",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => expectingLess(original.claim(request), "vacant"),
    })),
  },
  {
    name: "take-over not by compare-and-set",
    about: "a term that was renewed or begun since it was seen is taken over",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 300,
    from: 20,
    replace: replacing("core/writes.ts", (original) => ({
      takeOver: (request, seen) => ({
        ...original.takeOver(request, seen),
        expects: { holder: seen.holder ?? "" },
      }),
    })),
  },
  {
    name: "take-over with the clock's token alone",
    about: "a token that was ahead of the clock is followed by a lower one",
    scenario: "blind",
    caughtBy: "I1-tokens-rise",
    budget: 500,
    from: 20,
    replace: replacing("core/writes.ts", (original) => ({
      takeOver: (request, seen) => setting(original.takeOver(request, seen), { token: request.now }),
    })),
  },
  {
    name: "take-over keeps the token",
    about: "two terms share a token where the first was ahead of the clock",
    scenario: "blind",
    caughtBy: "I1-tokens-rise",
    budget: 500,
    from: 18,
    replace: replacing("core/writes.ts", (original) => ({
      takeOver: (request, seen) =>
        setting(original.takeOver(request, seen), { token: Math.max(seen.token, request.now) }),
    })),
  },
  {
    name: "abandoning without condition",
    about: "giving up an unanswered claim vacates whoever holds the row",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 100,
    replace: replacing("core/writes.ts", (original) => ({
      abandon: (...given) => ({ ...original.abandon(...given), expects: {} }),
    })),
  },
  {
    name: "abandoning that finds nothing",
    about: "a claim that was given up goes on to hold the row",
    scenario: "network",
    caughtBy: "outcomes",
    budget: 100,
    replace: replacing("core/writes.ts", (original) => ({
      abandon: (...given) => ({ ...original.abandon(...given), expects: { revision: -1 } }),
    })),
  },
  {
    name: "tick recorded by the claim",
    about: "a leader that crashes takes its occurrence with it",
    scenario: "lambda",
    caughtBy: "ticks",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => original.claim({ ...request, claimsTick: true }),
    })),
  },
  {
    name: "tick never recorded",
    about: "an occurrence that was done is worked on again",
    scenario: "schedule",
    caughtBy: "ticks",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      release: (mine, request) => original.release(mine, { ...request, tick: undefined }),
    })),
  },
  {
    name: "tick not compared",
    about: "a claim without a look leads for an occurrence that is done",
    scenario: "schedule",
    caughtBy: "ticks",
    budget: 50,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => expectingLess(original.claim(request), "tickBelow"),
    })),
  },
  {
    name: "retention left out",
    about: "TTL deletes a row soon after its term, and what it knew of occurrences with it",
    scenario: "days",
    caughtBy: "ticks",
    budget: 500,
    replace: replacing("core/writes.ts", (original) => ({
      release: (mine, request) => original.release(mine, { ...request, ttl: request.ttl - 86_400 }),
    })),
  },
];
