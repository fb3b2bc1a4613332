import type { CallOptions, Clock, LeaseStore, Random } from "../../../lib/core/ports.ts";

/** The ports of one client, watched for what is left of it when it is closed. */
export interface ClientWatch {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
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
      write: (write, call) => watched(write.kind, call, () => store.write(write, call)),
      read: (name, call) => watched("read", call, () => store.read(name, call)),
      standing: (name, call) => watched("listing", call, () => store.standing(name, call)),
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
    owns: (holder) => ids.has(holder.slice(holder.lastIndexOf("/") + 1)),
    clock: {
      now: () => clock.now(),
      timer(ms, callback) {
        if (closed) complain("a client that was closed sets a timer");
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
    },
    closed() {
      closed = true;
      if (underWay.size > 0) complain(`a client is closed with ${underWay.size} requests under way`);
      if (timers.size > 0) complain(`a client is closed with ${timers.size} timers set`);
    },
  };
}
