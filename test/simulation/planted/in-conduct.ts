import type { CampaignOptions } from "../../../lib/client/candidate.ts";
import type { ClientCore } from "../../../lib/client/client-core.ts";
import type { Lease } from "../../../lib/client/lease.ts";
import type { WriteOutcome } from "../../../lib/core/outcome.ts";
import type { CallOptions, LeaseStore } from "../../../lib/core/ports.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { ClockReading } from "../../../lib/core/units.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import type { SimProcess } from "../world/process.ts";
import { type Plant, replacing } from "./plant.ts";

type Write = LeaseStore["write"];

/** A store whose writes pass through something else first. */
function writing(
  change: (write: Write, process: SimProcess) => Write,
): (store: LeaseStore, process: SimProcess) => LeaseStore {
  return (store, process) => ({
    write: change((write, call) => store.write(write, call), process),
    read: (...of) => store.read(...of),
    rows: (...of) => store.rows(...of),
    list: (call) => store.list(call),
  });
}

/** What a write would have made of a row that expected it. */
function wishfully(write: LeaseWrite): WriteOutcome {
  const record = { token: 0, revision: 1, transitions: 0, durationMs: 0, ...write.set };
  const imagined = { ...record, name: write.name, writeId: write.writeId } as LeaseRecord;
  return { kind: "written", record: imagined, tokenBefore: 0, servedAt: undefined };
}

async function resolved(outcome: Promise<WriteOutcome>, { signal }: CallOptions): Promise<WriteOutcome> {
  const late = new Promise<WriteOutcome>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "unknown", cause: signal.reason }));
  });
  return Promise.race([outcome, late]);
}

/** A clock that is only read when a timer of its own fires: what isHeld() says is a flag that timers set. */
function readByTimerAlone(clock: SimProcess): { now: () => ClockReading; timer: SimProcess["timer"] } {
  let reading = clock.now();
  const tick = (): void => {
    reading = clock.now();
    clock.timer(100, tick);
  };
  tick();
  return { now: () => reading, timer: (ms, callback) => clock.timer(ms, callback) };
}

/** A client's calls that do not look whether the term lasts before its work begins. */
function carelessly(core: ClientCore): Pick<ClientCore, "life" | "candidacy"> {
  return {
    life: Object.assign(Object.create(core.life), { assertOpen: () => undefined }),
    candidacy: (...given) => {
      const tryOnce = core.candidacy(...given);
      return async (first) => {
        const result = await tryOnce(first);
        if (result.kind === "refused") return result;
        let looked = false;
        const isHeld = (): boolean => {
          const held = !looked || result.lease.isHeld();
          looked = true;
          return held;
        };
        return { ...result, lease: Object.assign(Object.create(result.lease), { isHeld }) };
      };
    },
  };
}

/** Faults in what is concluded from answers and in how timers are used. */
export const IN_CONDUCT: readonly Plant[] = [
  {
    name: "lost response taken for a loss",
    about: "a retry is refused by its own success, and the row is held by nobody",
    scenario: "network",
    caughtBy: "outcomes",
    budget: 100,
    replace: replacing("core/outcome.ts", () => ({
      judgeRefusal: (_write, current, servedAt) => ({ kind: "refused", current, servedAt }),
    })),
  },
  {
    name: "lost response taken for a win",
    about: "a claim that nobody answered is believed to have landed",
    scenario: "network",
    caughtBy: "outcomes",
    budget: 100,
    tamper: {
      store: writing((write) => async (wanted, call) => {
        const outcome = await write(wanted, call);
        return outcome.kind === "unknown" && wanted.beginsTerm ? wishfully(wanted) : outcome;
      }),
    },
  },
  {
    name: "unknown renewal taken for a success",
    about: "a renewal that nobody answered extends the term",
    scenario: "network",
    caughtBy: "I4-own-term-only",
    budget: 300,
    from: 40,
    tamper: {
      store: writing((write) => async (wanted, call) => {
        const outcome = await resolved(write(wanted, call), call);
        return outcome.kind === "unknown" && wanted.kind === "renew" ? wishfully(wanted) : outcome;
      }),
    },
  },
  {
    name: "refusal without its record",
    about: "a holder that was superseded is told that its row is gone",
    scenario: "pauses",
    caughtBy: "I6-ends-explained",
    budget: 300,
    tamper: {
      store: writing((write) => async (wanted, call) => {
        const outcome = await write(wanted, call);
        return outcome.kind === "refused" && wanted.kind === "renew"
          ? { ...outcome, current: undefined }
          : outcome;
      }),
    },
  },
  {
    name: "renewal after release",
    about: "what renews a lease is not stopped by its release",
    scenario: "calm",
    caughtBy: "request-budget",
    budget: 20,
    tamper: {
      store: writing((write) => {
        let last: LeaseWrite | undefined;
        return async (wanted, call) => {
          if (wanted.kind === "renew") last = wanted;
          const outcome = await write(wanted, call);
          if (last !== undefined && wanted.kind === "release" && last.expects.token === wanted.expects.token)
            void write(last, call);
          return outcome;
        };
      }),
    },
  },
  {
    name: "somebody else's claim taken for our own",
    about: "a candidate takes over without evidence",
    scenario: "calm",
    caughtBy: "I4-own-term-only",
    budget: 20,
    replace: replacing("core/next-move.ts", (original) => ({
      nextMove: (situation, timing) => original.nextMove({ ...situation, isOwnClaim: () => true }, timing),
    })),
  },
  {
    name: "validity never re-checked after thaw",
    about: "what a handle says of itself is a flag that timers set, and timers are late",
    scenario: "pauses",
    caughtBy: "I2-one-leader",
    budget: 200,
    tamper: { clock: readByTimerAlone },
  },
  {
    name: "no timer for the end",
    about: "a leader whose renewals hang is not told when its validity ends",
    scenario: "network",
    caughtBy: "I6-ends-explained",
    budget: 300,
    replace: replacing("core/term-machine.ts", () => ({
      nextDue: ({ lead }) => (lead.is === "on" ? lead.renewAt : undefined),
    })),
  },
  {
    name: "renewing too often",
    about: "more requests than the protocol's counts allow",
    scenario: "calm",
    caughtBy: "request-budget",
    budget: 20,
    replace: replacing("core/term-draft.ts", (original) => ({
      planRenewal: (draft, pauseMs, parts) => original.planRenewal(draft, pauseMs / 3, parts),
    })),
  },
  {
    name: "a look before every claim",
    about: "a vacant lease costs two requests",
    scenario: "calm",
    caughtBy: "request-budget",
    budget: 20,
    tamper: {
      store: (store) => ({
        write: async (wanted, call) => {
          if (wanted.kind === "claim") await store.read(wanted.name, call);
          return store.write(wanted, call);
        },
        read: (...of) => store.read(...of),
        rows: (...of) => store.rows(...of),
        list: (call) => store.list(call),
      }),
    },
  },
  {
    name: "the present lease looked at twice",
    about: "a term ends between two looks, and a campaign ends without a lease",
    scenario: "pauses",
    caughtBy: "surprises",
    budget: 1_000,
    from: 109,
    replace: replacing("client/candidate.ts", ({ Candidate }) => ({
      Candidate: class extends Candidate {
        override async campaign(options?: CampaignOptions): Promise<Lease> {
          if (this.lease !== undefined) return this.lease;
          return super.campaign(options);
        }
      },
    })),
  },
  {
    name: "work that begins in a dead term",
    about: "the client was closed right after the win, and the work begins all the same",
    scenario: "schedule",
    caughtBy: "surprises",
    budget: 300,
    replace: replacing("client/guarded-run.ts", (original) => ({
      runOnce: (core, ...rest) => original.runOnce({ ...core, ...carelessly(core) }, ...rest),
    })),
  },
  {
    name: "a wait that outlives its client",
    about: "a candidate of a client that was closed goes on waiting",
    scenario: "mixed",
    caughtBy: "surprises",
    budget: 50,
    replace: replacing("client/lifetime.ts", (original) => ({
      lifetime: () => Object.assign(Object.create(original.lifetime()), { onClose: () => () => undefined }),
    })),
  },
  {
    name: "a claim under way not waited for",
    about: "a client is closed while a claim of its own may land yet",
    scenario: "schedule",
    caughtBy: "surprises",
    budget: 500,
    replace: replacing("client/lifetime.ts", (original) => ({
      lifetime: () =>
        Object.assign(Object.create(original.lifetime()), {
          track: <T>(operation: () => Promise<T>) => operation(),
        }),
    })),
  },
  {
    name: "work that was told to stop taken for done",
    about: "work stops half-way at its signal and returns, and its occurrence is recorded as done",
    scenario: "schedule",
    caughtBy: "ticks",
    budget: 50,
    replace: replacing("client/guarded-run.ts", (original) => ({
      runOnce: (core, name, work, options) =>
        original.runOnce(
          core,
          name,
          async (lease) => {
            const value = await work(lease);
            lease.complete();
            return value;
          },
          options,
        ),
    })),
  },
];
