import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import { isSessionRow, shardOf } from "../../../lib/core/names.ts";
import { type Plant, replacing } from "./plant.ts";

function setting(write: LeaseWrite, set: LeaseWrite["set"]): LeaseWrite {
  return { ...write, set: { ...write.set, ...set } };
}

/** A write of a shard that leaves an attribute as it is. */
function leaving(write: LeaseWrite, attribute: LeaseWrite["clear"][number]): LeaseWrite {
  if (shardOf(write.row) === undefined) return write;
  return { ...write, clear: write.clear.filter((one) => one !== attribute) };
}

/** Faults in how shards rest on sessions. */
export const IN_SESSIONS: readonly Plant[] = [
  {
    name: "no burial",
    about: "a shard is taken over on evidence against its session, which is renewed in between",
    scenario: "holders",
    caughtBy: "shard-take-over",
    budget: 40,
    replace: replacing("core/shard-move.ts", (original) => ({
      nextShardMove: (situation, timing) => {
        const move = original.nextShardMove(situation, timing);
        const { seen } = situation;
        if (move.kind !== "bury" || seen === undefined) return move;
        return { kind: "take-over", seen: seen.record, because: "session-ended" };
      },
    })),
  },
  {
    name: "burial by token alone",
    about: "a session that was renewed after the look is ended all the same",
    scenario: "sleepers",
    caughtBy: "session-burials",
    budget: 80,
    from: 76,
    replace: replacing("core/shard-writes.ts", (original) => ({
      bury: (...given) => ({ ...original.bury(...given), expects: { token: given[0].token } }),
    })),
  },
  {
    name: "absence from an older read",
    about: "a session that nobody has looked for is taken for gone",
    scenario: "holders",
    caughtBy: "shard-take-over",
    budget: 10,
    replace: replacing("core/shard-move.ts", (original) => ({
      nextShardMove: (situation, timing) =>
        original.nextShardMove({ ...situation, session: { ...situation.session, afterShard: true } }, timing),
    })),
  },
  {
    name: "sessions read once",
    about: "a session that was read lasts for as long as its row said, though it is closed long before",
    scenario: "holders-calm",
    caughtBy: "waiting",
    budget: 5,
    replace: replacing("core/shard-move.ts", (original) => ({
      nextShardMove: (situation, timing) =>
        original.nextShardMove({ ...situation, session: { ...situation.session, isFresh: true } }, timing),
    })),
  },
  {
    name: "sessions buried without grace",
    about: "a session is ended at the very end of its length, when clocks that differ have it last",
    scenario: "shards",
    caughtBy: "session-burials",
    budget: 80,
    from: 23,
    replace: replacing("core/group-view.ts", (original) => ({
      viewOf: (seen, at, timing) => original.viewOf(seen, at, { ...timing, graceMs: 0 }),
    })),
  },
  {
    name: "sessions without the rules of sessions",
    about: "a correction lowers a session's token, and its row may vanish before the token's day is over",
    scenario: "waves",
    caughtBy: "session-tokens",
    budget: 40,
    replace: replacing("core/names.ts", () => ({ isSessionRow: () => false })),
  },
  {
    name: "session opened whatever its last token",
    about: "a restarted process whose clock is behind opens its session with a lower token",
    scenario: "waves",
    caughtBy: "session-tokens",
    budget: 60,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const write = original.claim(request);
        if (!isSessionRow(request.row)) return write;
        const { tokenBelow: _, ...expects } = write.expects;
        return { ...write, expects };
      },
    })),
  },
  {
    name: "abandon by holder",
    about: "what settles an old claim vacates a shard that the session has claimed since",
    scenario: "shards-network",
    caughtBy: "I4-own-term-only",
    budget: 100,
    replace: replacing("core/shard-writes.ts", (original) => ({
      abandonShard: (claim, writeId, ttl) => ({
        ...original.abandonShard(claim, writeId, ttl),
        expects: { holder: claim.set.holder ?? "" },
      }),
    })),
  },
  {
    name: "void without condition",
    about: "what settles an old claim takes the turn of whoever leads by now",
    scenario: "shards-network",
    caughtBy: "I4-own-term-only",
    budget: 60,
    from: 4,
    replace: replacing("core/shard-writes.ts", (original) => ({
      voidClaim: (claim, writeId, ttl) => ({ ...original.voidClaim(claim, writeId, ttl), expects: {} }),
    })),
  },
  {
    name: "bell raises the revision",
    about: "a ring makes a renewal that is under way fail, and starts every watch anew",
    scenario: "bells",
    caughtBy: "I4-own-term-only",
    budget: 5,
    replace: replacing("core/shard-writes.ts", (original) => ({
      ring: (...given) => {
        const { piggybacks: _, ...write } = original.ring(...given);
        return write;
      },
    })),
  },
  {
    name: "bell unheard",
    about: "a holder renews its session and does not look at the bell",
    scenario: "bells",
    caughtBy: "bells",
    budget: 20,
    replace: replacing("client/lease-handle.ts", ({ TermHandle }) => ({
      TermHandle: class extends TermHandle {
        constructor(...[self, won, hooks]: ConstructorParameters<typeof TermHandle>) {
          super(self, won, { ...hooks, onBell: undefined });
        }
      },
    })),
  },
  {
    name: "ttl left on a held shard",
    about: "DynamoDB deletes the row of a shard that is led",
    scenario: "waves",
    caughtBy: "shard-rows",
    budget: 10,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (...given) => leaving(original.claim(...given), "ttl"),
      takeOver: (...given) => leaving(original.takeOver(...given), "ttl"),
    })),
  },
  {
    name: "time of a reservation left on a held shard",
    about: "a shard that was kept for its holder is taken for over when the reservation was to end",
    scenario: "shards",
    caughtBy: "shard-rows",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      takeOver: (...given) => leaving(original.takeOver(...given), "durationMs"),
      claim: (...given) => leaving(original.claim(...given), "durationMs"),
    })),
  },
  {
    name: "released shard without a ttl",
    about: "the row of a shard that nobody wants any more stays for ever",
    scenario: "shards",
    caughtBy: "shard-rows",
    budget: 10,
    from: 4,
    replace: replacing("core/shard-writes.ts", (original) => ({
      abandonShard: (...given) => ({ ...original.abandonShard(...given), set: {} }),
    })),
  },
  {
    name: "session of yesterday",
    about: "a shard is claimed through the token that the session had before its correction",
    scenario: "waves",
    caughtBy: "shard-take-over",
    budget: 10,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const write = original.claim(request);
        return request.sessionToken === undefined
          ? write
          : setting(write, { sessionToken: request.sessionToken - 1 });
      },
    })),
  },
  {
    name: "shard claimed with its session's token",
    about:
      "a session that claims a shard again, or after a younger one, writes a token that is not above the last",
    scenario: "holders-calm",
    caughtBy: "I1-tokens-rise",
    budget: 20,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const { sessionToken } = request;
        const write = original.claim(request);
        return sessionToken === undefined ? write : setting(write, { token: sessionToken });
      },
    })),
  },
  {
    name: "shard fenced by its session's token",
    about:
      "a term of a shard is told with the token of its session: a session that leads again after a younger one is refused",
    scenario: "holders-calm",
    caughtBy: "I3-fencing",
    budget: 20,
    replace: replacing("client/lease-handle.ts", ({ TermHandle }) => ({
      TermHandle: class extends TermHandle {
        constructor(...given: ConstructorParameters<typeof TermHandle>) {
          super(...given);
          const { sessionToken } = given[1].record;
          if (sessionToken !== undefined) Object.assign(this, { token: sessionToken });
        }
      },
    })),
  },
  {
    name: "shard released by the token before",
    about: "a release of a shard is refused for its token, and its session holds on to what it does not lead",
    scenario: "bells",
    caughtBy: "no-orphan",
    budget: 20,
    from: 12,
    replace: replacing("core/writes.ts", (original) => ({
      release: (mine, request) => {
        const write = original.release(mine, request);
        if (shardOf(mine.row) === undefined) return write;
        return { ...write, expects: { ...write.expects, token: mine.token - 1 } };
      },
    })),
  },
];
