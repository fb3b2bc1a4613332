import type { CandidacySettings } from "../core/candidate-options.ts";
import { asksFor } from "../core/handover.ts";
import { ask } from "../core/neighbour-writes.ts";
import type { LeaseEnd } from "../core/term.ts";
import type { Refusal } from "./attempt.ts";
import { campaign } from "./campaign.ts";
import type { Candidacy } from "./candidacy.ts";
import type { Hub } from "./hub.ts";
import type { LeaseHandle } from "./lease-handle.ts";
import type { Announcer } from "./listeners.ts";
import { registration } from "./registration.ts";
import { makeWakeup } from "./waiting.ts";

/** A try that takes this many times its request's deadline is stuck. */
const MOST_REQUESTS = 8;

/** What a candidate does between standing and leading, and what it remembers of its terms. */
export interface Campaigner {
  readonly self: Candidacy;
  /** The term that it leads in; `undefined` while it does not. */
  readonly lease: LeaseHandle | undefined;
  /**
   * Campaigns until elected. `works` says that the term's work is waited for when it ends, so that work that goes on
   * is overdue.
   * @throws {LeaseError} as `campaign`
   */
  elect(signal: AbortSignal, timeoutMs: number, works: boolean): Promise<LeaseHandle>;
  /** Ends the wait for the lease. */
  notify(): void;
  /** How long something has been overdue, in ms; 0 while all goes on as it can. */
  overdueMs(): number;
  /** Nothing is expected any more. */
  rest(): void;
  /** Leaves the list of who stands. */
  leave(): Promise<void>;
}

/** Makes the campaigner of one candidate. */
export function campaigner(
  hub: Hub,
  stands: Candidacy,
  { push, priority, registrationMs }: CandidacySettings,
  announce: Announcer,
): Campaigner {
  const { name, holder } = stands;
  const { clock, random, memory } = hub;
  const { requestTimeoutMs, retryIntervalMs } = stands.settings.timing;
  const wakeup = makeWakeup();
  let lastToken = 0;
  let current: LeaseHandle | undefined;
  let campaigning = false;
  let working = false;
  /** When, on the monotonic clock, something has to have happened. */
  let dueBy: number | undefined;

  const self: Candidacy = { ...stands, lastToken: () => lastToken };
  const entry = registration(self, registrationMs);

  function expect(withinMs: number): void {
    dueBy = clock.now().mono + withinMs;
  }

  function ended(end: LeaseEnd, token: number): void {
    lastToken = Math.max(lastToken, token);
    current = undefined;
    if (working) expect(0);
    else if (!campaigning) void entry.stop();
    announce.lost(end);
  }

  async function standBy(refusal: Refusal | undefined, waitMs: number): Promise<void> {
    if (refusal !== undefined) {
      entry.start();
      announce.leader(refusal.state);
      await askFor();
    }
    expect(waitMs);
  }

  /** Asks a weaker leader to hand over, once: the record tells whether it was asked. */
  async function askFor(): Promise<void> {
    const record = memory.sighting(name)?.record;
    if (record === undefined || !asksFor(record, priority)) return;
    // What comes of it shows at the next look, which asks again where it has to.
    await self.send(ask(record, { writeId: random.id(), by: holder, priority })).catch(() => undefined);
  }

  return {
    self,
    get lease() {
      return current?.isHeld() ? current : undefined;
    },
    async elect(signal, timeoutMs, works) {
      const settings = { ...self.settings, releasesDrained: !works };
      const tryOnce = hub.tries({ ...self, settings }, ended);
      const wait = {
        name,
        clock,
        random,
        retryIntervalMs,
        timeoutMs,
        push,
        signal,
        wakeup,
        onRefused: standBy,
      };
      const forget = hub.onClose(() => wakeup.wake());
      campaigning = true;
      working = false;
      try {
        const lease = await campaign((first) => {
          expect(MOST_REQUESTS * requestTimeoutMs);
          return tryOnce(first);
        }, wait);
        current = lease;
        working = works;
        entry.start();
        announce.elected(lease);
        announce.leader(lease.state);
        return lease;
      } finally {
        campaigning = false;
        forget();
      }
    },
    notify: () => wakeup.wake(),
    overdueMs: () => (dueBy === undefined ? 0 : Math.max(0, clock.now().mono - dueBy)),
    rest() {
      dueBy = undefined;
      working = false;
    },
    leave: () => entry.stop(),
  };
}
