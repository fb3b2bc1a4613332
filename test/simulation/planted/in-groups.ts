import { isOwn } from "../checks/groups/replay.ts";
import { type Plant, replacing } from "./plant.ts";

/** Faults in who leads which shard, and how workers go about it. */
export const IN_GROUPS: readonly Plant[] = [
  {
    name: "reservations that never end",
    about: "a shard that is kept for a worker that has died is led by nobody any more",
    scenario: "shards",
    caughtBy: "group-recovery",
    budget: 200,
    from: 80,
    replace: replacing("core/worker-view.ts", () => ({
      isReserved: ({ record }) => record.reservedFor !== undefined,
    })),
  },
  {
    name: "the dead are members",
    about: "a session that is over by evidence counts as one that lasts, and nobody ends it",
    scenario: "waves",
    caughtBy: "group-recovery",
    budget: 20,
    replace: replacing("core/group-view.ts", (original) => ({
      viewOf: (...given) => {
        const view = original.viewOf(...given);
        const sessions = [...view.sessions].map(([id, session]) => {
          const is = session.is === "dead" ? ("lasts" as const) : session.is;
          return [id, { ...session, is }] as const;
        });
        return { ...view, sessions: new Map(sessions) };
      },
    })),
  },
  {
    name: "weights ignored",
    about: "every worker leads as much as any other",
    scenario: "weights",
    caughtBy: "balance",
    budget: 80,
    from: 37,
    replace: replacing("core/group-view.ts", (original) => ({
      membersOf: (view) =>
        original.membersOf(view).map(({ id, maxShards }) => ({ id, maxShards, weight: 1 })),
    })),
  },
  {
    name: "caps ignored",
    about: "a worker leads more than it said that it would",
    scenario: "weights",
    caughtBy: "balance",
    budget: 80,
    from: 41,
    replace: replacing("core/group-view.ts", (original) => ({
      membersOf: (view) =>
        original.membersOf(view).map(({ id, weight }) => ({ id, weight, maxShards: Infinity })),
    })),
  },
  {
    name: "nobody hands over",
    about: "a worker that comes is given nothing while the others live",
    scenario: "shards-calm",
    caughtBy: "balance",
    budget: 10,
    replace: replacing("core/assignment.ts", () => ({ granted: () => [] })),
  },
  {
    name: "asked for one more than one's share",
    about: "equals take shards from each other in turns",
    scenario: "shards-calm",
    caughtBy: "moves",
    budget: 10,
    replace: replacing("core/assignment.ts", (original) => ({
      planOf: (self, members, shards) => {
        const plan = original.planOf(self, members, shards);
        const other = shards.find(
          ({ holder, askedBy }) => holder !== undefined && holder !== self && !askedBy,
        );
        const { shard = "", holder = "" } = other ?? {};
        return other === undefined ? plan : { ...plan, ask: [...plan.ask, { shard, holder }] };
      },
      granted: (self, _members, shards, leaving) =>
        shards.flatMap(({ shard, holder, askedBy }) =>
          holder === self && askedBy !== undefined && !leaving.has(shard) ? [shard] : [],
        ),
    })),
  },
  {
    name: "no rest after work that threw",
    about: "a worker begins work again at once that has just failed",
    scenario: "weights",
    caughtBy: "back-off",
    budget: 10,
    replace: replacing("client/worker-shards.ts", ({ WorkerShards }) => ({
      WorkerShards: class extends WorkerShards {
        override avoids(shard: string): boolean {
          return [...this.names].includes(shard);
        }
      },
    })),
  },
  {
    name: "one permit too many",
    about: "a semaphore counts from nought",
    scenario: "permits",
    caughtBy: "permits",
    budget: 40,
    replace: replacing("core/group-options.ts", (original) => ({
      parsePermits: (permits) => original.parsePermits(permits) + 1,
    })),
  },
  {
    name: "a member until the end",
    about: "a worker that leaves while some work goes on frees the other shards, and they are dealt to it",
    scenario: "waves",
    caughtBy: "group-recovery",
    budget: 40,
    from: 226,
    replace: replacing("core/shard-writes.ts", (original) => ({ retire: original.ring })),
  },
  {
    name: "leaves without a word",
    about: "a worker that leaves while some work goes on frees the other shards, and rings no bell for that",
    scenario: "waves",
    caughtBy: "group-recovery",
    budget: 40,
    from: 150,
    tamper: {
      store: (store, process) => ({
        write: (wanted, call) => {
          const mute = wanted.kind === "ring" && isOwn(process.name, wanted.expects.holder);
          if (mute) return Promise.resolve({ kind: "unknown", cause: "not sent" });
          return store.write(wanted, call);
        },
        read: (...of) => store.read(...of),
        rows: (...of) => store.rows(...of),
        list: (call) => store.list(call),
      }),
    },
  },
  {
    name: "leaves shard by shard",
    about: "a worker that leaves sends a release for each shard that it leads",
    scenario: "shards-calm",
    caughtBy: "group-budget",
    budget: 10,
    replace: replacing("client/lease-handle.ts", ({ TermHandle }) => ({
      TermHandle: class extends TermHandle {
        override leave(): boolean {
          return false;
        }
      },
    })),
  },
];
