import { LeaseError } from "../core/errors.ts";

/** The life of one client: what goes on in it, and how it ends. */
export interface Lifetime {
  /** `closing`: nothing new begins, and what has begun is brought to an end. `closed`: nothing is sent any more. */
  readonly is: "open" | "closing" | "closed";
  /** @throws {LeaseError} CLIENT_CLOSED unless it is open */
  assertOpen(): void;
  /** Does something that has to be over before the client is closed. */
  track<T>(operation: () => Promise<T>): Promise<T>;
  /** Runs when the client begins to close; returns what forgets it. */
  onClose(callback: () => void): () => void;
  /** Ends the life: `last` is done when nothing new can begin, and all that was tracked is waited for. */
  end<T>(last: () => Promise<T>): Promise<T>;
}

/** The error of a call on a client that was closed. */
export const closedError = (): LeaseError =>
  new LeaseError("CLIENT_CLOSED", "this client was closed; make another");

/** Begins the life of a client. */
export function lifetime(): Lifetime {
  const underWay = new Set<Promise<unknown>>();
  const closers = new Set<() => void>();
  let is: Lifetime["is"] = "open";
  return {
    get is() {
      return is;
    },
    assertOpen() {
      if (is !== "open") throw closedError();
    },
    track(operation) {
      const running = operation();
      const over = (): boolean => underWay.delete(running);
      underWay.add(running);
      running.then(over, over);
      return running;
    },
    onClose(callback) {
      closers.add(callback);
      return () => closers.delete(callback);
    },
    async end(last) {
      is = "closing";
      for (const callback of closers) callback();
      const result = await last();
      while (underWay.size > 0) await Promise.allSettled(underWay);
      is = "closed";
      return result;
    },
  };
}
