import { register } from "../core/auxiliary-writes.ts";
import type { EpochMs } from "../core/units.ts";
import type { Contender } from "./contender.ts";

/** An entry that lapsed this long ago, in ms, is over by any header, in whole seconds as they are. */
const LEFT_MS = -60_000;

/** A candidate's entry in the list of those that are registered. */
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
export function registration(self: Contender, forMs: number | undefined): Registration {
  const { name, holder: id, priority, clock, random, exchange, life } = self;
  let sequence = 0;
  let since: EpochMs | undefined;
  let cancel: (() => void) | undefined;
  let sending: Promise<void> = Promise.resolve();
  let underWay = 0;
  let forget: () => void = () => undefined;

  function say(lengthMs: number): Promise<void> {
    underWay += 1;
    sending = sending
      .then(() => write(lengthMs))
      .catch(() => undefined)
      .finally(() => {
        underWay -= 1;
      });
    return sending;
  }

  async function write(lengthMs: number): Promise<void> {
    for (let tries = 0; tries < 2; tries += 1) {
      const now = exchange.steady();
      since ??= now;
      sequence = Math.max(sequence + 1, now);
      const entry = { writeId: random.id(), id, priority, sequence, now, forMs: lengthMs, since };
      const { outcome } = await self.send(register(name, entry));
      if (outcome.kind !== "refused") return;
      // The clock of an earlier process of this id was ahead.
      sequence = outcome.current?.token ?? sequence;
    }
  }

  function refresh(lengthMs: number): void {
    if (underWay === 0) void say(lengthMs); // A store that does not answer is not sent more and more.
    cancel = clock.timer(lengthMs / 2, () => refresh(lengthMs));
  }

  function stop(): Promise<void> {
    if (cancel === undefined) return sending;
    cancel();
    forget();
    cancel = undefined;
    since = undefined;
    return life.track(() => say(LEFT_MS));
  }

  return {
    start() {
      if (forMs === undefined || cancel !== undefined || life.is !== "open") return;
      refresh(forMs);
      forget = life.onClose(() => void stop());
    },
    stop,
  };
}
