import type { WriteOutcome } from "../../../lib/core/outcome.ts";
import type { CallOptions, Clock, LeaseStore, Random } from "../../../lib/core/ports.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";

/** The ports of one client, watched for what is left of it when it is closed. */
export interface ClientWatch {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Has something happen some turns of the promise queue after the next claim of this client has been answered. */
  afterWin(turns: number, happen: () => void): void;
  /** Whether an id was drawn by this client. */
  owns(holder: string): boolean;
  /** The client says that it is closed: nothing of it may be under way, and nothing may come any more. */
  closed(): void;
}

/** Stands between a client and its ports. */
export function watchedClient(
  { store, clock, random }: { readonly store: LeaseStore; readonly clock: Clock; readonly random: Random },
  complain: (what: string) => void,
): ClientWatch {
  const ids = new Set<string>();
  const timers = new Set<object>();
  const underWay = new Set<object>();
  let closed = false;
  let onWin: (() => void) | undefined;

  async function won(outcome: WriteOutcome, write: LeaseWrite): Promise<WriteOutcome> {
    if (write.beginsTerm && outcome.kind === "written") onWin?.();
    return outcome;
  }

  function watched<T>(what: string, { signal }: CallOptions, call: () => Promise<T>): Promise<T> {
    if (closed) complain(`a client that was closed sends a ${what}`);
    const request = {};
    underWay.add(request);
    const settled = (): void => void underWay.delete(request);
    signal.addEventListener("abort", settled);
    return call().finally(settled);
  }

  return {
    store: {
      write: async (write, call) =>
        won(await watched(write.kind, call, () => store.write(write, call)), write),
      read: (name, call, row) => watched("read", call, () => store.read(name, call, row)),
      rows: (name, prefix, call, after) =>
        watched("listing", call, () => store.rows(name, prefix, call, after)),
      list: (call) => store.list(call),
    },
    random: {
      fraction: () => random.fraction(),
      id() {
        const id = random.id();
        ids.add(id);
        return id;
      },
    },
    afterWin(turns, happen) {
      onWin = () => {
        onWin = undefined;
        void passing(turns).then(happen);
      };
    },
    owns: (holder) => ids.has(holder.slice(holder.lastIndexOf("/") + 1)),
    clock: watchedClock(clock, timers, () => closed, complain),
    closed() {
      closed = true;
      if (underWay.size > 0) complain(`a client is closed with ${underWay.size} requests under way`);
      if (timers.size > 0) complain(`a client is closed with ${timers.size} timers set`);
    },
  };
}

async function passing(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

function watchedClock(
  clock: Clock,
  timers: Set<object>,
  isClosed: () => boolean,
  complain: (what: string) => void,
): Clock {
  return {
    now: () => clock.now(),
    timer(ms, callback) {
      if (isClosed()) complain("a client that was closed sets a timer");
      const timer = {};
      timers.add(timer);
      const cancel = clock.timer(ms, () => {
        timers.delete(timer);
        callback();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
}
