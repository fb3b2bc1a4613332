import { type Plant, replacing } from "./plant.ts";

/** Faults in how a leader is asked, accepts, and hands over, and in who waits for that. */
export const IN_HANDOVER: readonly Plant[] = [
  {
    name: "ask bumps the revision",
    about: "a request to hand over makes the holder's next renewal fail, and every watch begin anew",
    scenario: "relay",
    caughtBy: "I4-own-term-only",
    budget: 20,
    replace: replacing("core/auxiliary-writes.ts", (original) => ({
      requestTransfer: (...given) => {
        const { piggybacks: _, ...write } = original.requestTransfer(...given);
        return write;
      },
    })),
  },
  {
    name: "ask without the term",
    about: "a request that arrives late asks whoever leads by then",
    scenario: "hand-over",
    caughtBy: "I4-own-term-only",
    budget: 100,
    replace: replacing("core/auxiliary-writes.ts", (original) => ({
      requestTransfer: (...given) => {
        const { expects, ...write } = original.requestTransfer(...given);
        const { token: _, holder: __, ...less } = expects;
        return { ...write, expects: less };
      },
    })),
  },
  {
    name: "equals ask and are accepted",
    about: "candidates of equal priority take the lead from each other in turns",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 20,
    replace: replacing("core/handover.ts", (original) => ({
      accepts: (record, incumbent) =>
        original.accepts(record, { ...incumbent, priority: incumbent.priority - 1 }),
      shouldRequest: (record, own) =>
        original.shouldRequest({ ...record, priority: (record.priority ?? 0) - 1 }, own),
    })),
  },
  {
    name: "settling ignored",
    about: "a strong candidate that keeps failing takes the lead again and again",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 20,
    replace: replacing("core/handover.ts", (original) => ({
      accepts: (record, incumbent) => original.accepts(record, { ...incumbent, minTermMs: 0 }),
    })),
  },
  {
    name: "nobody accepts",
    about: "requests to hand over stay on the record for good",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 20,
    from: 10,
    replace: replacing("core/handover.ts", () => ({ accepts: () => false })),
  },
  {
    name: "handed over to nobody in particular",
    about: "a lease that is handed over is not kept for the successor, and another comes first",
    scenario: "relay",
    caughtBy: "hand-over",
    budget: 20,
    replace: replacing("core/handover.ts", (original) => ({
      reservationOf: (departure) => original.reservationOf({ ...departure, handover: undefined }),
    })),
  },
  {
    name: "reservation ignored by the claim",
    about: "a candidate that has not looked takes what is kept for another",
    scenario: "hand-over",
    caughtBy: "reservations",
    budget: 100,
    replace: replacing("core/writes.ts", (original) => ({
      claim: (request) => {
        const { expects, ...write } = original.claim(request);
        const { openTo: _, ...less } = expects;
        return { ...write, expects: less };
      },
    })),
  },
  {
    name: "reservation taken for a vacancy",
    about: "a candidate that has looked takes what is kept for another, in the state that it saw",
    scenario: "hand-over",
    caughtBy: "reservations",
    budget: 100,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) => {
        const record = situation.seen?.record;
        return record?.reservedFor !== undefined && record.holder === undefined
          ? { kind: "take-over", seen: record, because: "vacant" }
          : original.nextMove(situation, timing);
      },
    })),
  },
  {
    name: "reservation that never lapses",
    about: "a successor that died keeps the lease from everybody",
    scenario: "heirs",
    caughtBy: "hand-over",
    budget: 100,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) =>
        seen.record.reservedFor === undefined ? original.evidenceOfExpiry(seen, at, timing) : undefined,
    })),
  },
  {
    name: "loss announced that was no term",
    about: "a listener hears of the end of a term that nobody was told of",
    scenario: "hand-over",
    caughtBy: "announcements",
    budget: 300,
    from: 39,
    replace: replacing("client/listeners.ts", (original) => ({
      announcer: (listeners) => ({
        ...original.announcer(listeners),
        elected: (lease) => void listeners.onElected?.(lease),
        lost: (end) => void listeners.onLost?.(end),
      }),
    })),
  },
  {
    name: "loss not announced",
    about: "a listener hears of terms, and not of their ends",
    scenario: "relay",
    caughtBy: "announcements",
    budget: 20,
    replace: replacing("client/listeners.ts", (original) => ({
      announcer: (listeners) => original.announcer({ ...listeners, onLost: undefined }),
    })),
  },
  {
    name: "standing by without patience",
    about: "who waits reads twice as often as it may",
    scenario: "relay",
    caughtBy: "standby-reads",
    budget: 20,
    replace: replacing("client/waiting.ts", (original) => ({
      pause: (clock, ms, ...rest) => original.pause(clock, ms / 2, ...rest),
    })),
  },
  {
    name: "leaving without a word",
    about: "candidates that left are listed until their entry lapses",
    scenario: "relay",
    caughtBy: "listing",
    budget: 50,
    replace: replacing("core/auxiliary-writes.ts", (original) => ({
      register: (name, standing) =>
        original.register(name, { ...standing, forMs: Math.max(8_000, standing.forMs) }),
    })),
  },
  {
    name: "entry that is never renewed",
    about: "candidates that stand for long are listed no more",
    scenario: "relay",
    caughtBy: "listing",
    budget: 20,
    replace: replacing("core/auxiliary-writes.ts", (original) => ({
      register: (name, standing) => {
        const write = original.register(name, standing);
        const first = standing.since === standing.now || standing.forMs <= 0;
        return first ? write : { ...write, expects: { revision: -1 } };
      },
    })),
  },
];
