import { stand } from "../core/neighbour-writes.ts";
import type { EpochMs } from "../core/units.ts";
import type { Candidacy } from "./candidacy.ts";

/** A candidate's entry in the list of who stands. */
export interface Registration {
  /** Registers, and keeps the entry fresh until `stop`; does nothing while it does so already. */
  start(): void;
  /** Leaves the list, as well as can be: an entry that cannot be changed lapses. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Makes the registration of one candidate. It is a courtesy to those who list, hand over and watch: whatever
 * fails is tried again at the next turn and disturbs nothing.
 */
export function registration(self: Candidacy, forMs: number | undefined): Registration {
  const { name, holder: id, priority, clock, random, exchange } = self;
  let sequence = 0;
  let since: EpochMs | undefined;
  let cancel: (() => void) | undefined;
  let sending: Promise<void> = Promise.resolve();

  function say(lengthMs: number): Promise<void> {
    const now = exchange.estimate();
    since ??= now;
    sequence = Math.max(sequence + 1, now);
    const write = stand(name, { writeId: random.id(), id, priority, sequence, now, forMs: lengthMs, since });
    const next = sending.then(() => self.send(write));
    sending = next.then(
      () => undefined,
      () => undefined,
    );
    return sending;
  }

  function refresh(lengthMs: number): void {
    void say(lengthMs);
    cancel = clock.timer(lengthMs / 2, () => refresh(lengthMs));
  }

  return {
    start() {
      if (forMs !== undefined && cancel === undefined) refresh(forMs);
    },
    async stop() {
      if (cancel === undefined) return sending;
      cancel();
      cancel = undefined;
      since = undefined;
      await say(0);
    },
  };
}
