import type { ElectionSettings } from "../core/candidate-options.ts";
import { shouldRequest } from "../core/handover.ts";
import { isLeaseError } from "../core/errors.ts";
import { requestTransfer as transferRequest } from "../core/auxiliary-writes.ts";
import type { LeaseEnd } from "../core/term.ts";
import type { Refusal } from "./attempt.ts";
import { campaign } from "./campaign.ts";
import type { Contender } from "./contender.ts";
import type { ClientCore } from "./client-core.ts";
import type { LeaseHandle } from "./handle.ts";
import type { Announcer } from "./listeners.ts";
import { registration } from "./registration.ts";
import { makeWakeup } from "./waiting.ts";

/** A try that takes this many times its request's deadline is stuck. */
const MOST_REQUESTS = 8;

/** What a candidate does between standing and leading, and what it remembers of its terms. */
export interface Campaigner {
  /** The candidate's id. */
  readonly id: string;
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
  /** The term that was led last, ended or not, until it has been released. */
  readonly latest: LeaseHandle | undefined;
  /** The work of the term begins. */
  begin(): void;
  /** Nothing is expected any more. */
  rest(): void;
  /** Leaves the list of who stands. */
  leave(): Promise<void>;
}

/** Makes the campaigner of one candidate. */
export function campaigner(
  core: ClientCore,
  stands: Contender,
  { priority, registrationMs }: ElectionSettings,
  announce: Announcer,
): Campaigner {
  const { name, holder } = stands;
  const { clock, random, memory } = core;
  const { requestTimeoutMs, retryIntervalMs } = stands.settings.timing;
  const wakeup = makeWakeup();
  let lastToken = 0;
  let current: LeaseHandle | undefined;
  let latest: LeaseHandle | undefined;
  let campaigning = false;
  let working = false;
  /** Whether it goes on standing when a term ends. */
  let stays = false;
  /** When, on the monotonic clock, something has to have happened. */
  let dueBy: number | undefined;

  const self: Contender = { ...stands, lastToken: () => lastToken };
  const entry = registration(self, registrationMs);

  function expect(withinMs: number): void {
    dueBy = clock.now().mono + withinMs;
  }

  function ended(end: LeaseEnd, token: number): void {
    lastToken = Math.max(lastToken, token);
    current = undefined;
    if (working) expect(0);
    if (!stays && !campaigning) void entry.stop();
    announce.lost(end);
  }

  async function standBy(refusal: Refusal): Promise<void> {
    entry.start();
    announce.leader(refusal.state);
    await requestTransfer();
  }

  /** Asks a weaker leader to hand over, once: the record tells whether it was asked. */
  async function requestTransfer(): Promise<void> {
    const record = memory.sighting(name)?.record;
    if (record === undefined || !shouldRequest(record, priority)) return;
    // What comes of it shows at the next look, which asks again where it has to.
    await self
      .send(transferRequest(record, { writeId: random.id(), by: holder, priority }))
      .catch(() => undefined);
  }

  return {
    id: holder,
    get lease() {
      return current?.isHeld() ? current : undefined;
    },
    get latest() {
      return latest;
    },
    async elect(signal, timeoutMs, works) {
      if (latest?.releasing) await latest.released; // Else it would find a term of its own to take over.
      const tryOnce = core.tries(self, ended);
      const wait = {
        name,
        clock,
        random,
        retryIntervalMs,
        timeoutMs,
        signal,
        wakeup,
        life: core.life,
        onRefused: standBy,
        onWait: expect,
      };
      campaigning = true;
      working = false;
      stays = works;
      try {
        const lease = await campaign((first) => {
          expect(MOST_REQUESTS * requestTimeoutMs);
          return tryOnce(first);
        }, wait);
        if (works) lease.waitForWork();
        current = lease;
        latest = lease;
        void lease.released.finally(() => {
          if (latest === lease) latest = undefined;
        });
        campaigning = false;
        dueBy = undefined;
        lease.signal.addEventListener("abort", () => {
          if (works && isLeaseError(lease.signal.reason, "HANDED_OVER")) expect(0);
        });
        announce.elected(lease);
        // It may have ended before anyone was told of it (the client was closed), or by the listener's own hand.
        if (lease.end !== undefined) ended(lease.end, lease.token);
        else {
          entry.start();
          announce.leader(lease.state);
        }
        return lease;
      } finally {
        campaigning = false;
      }
    },
    notify: () => wakeup.wake(),
    overdueMs() {
      current?.isHeld(); // A term that ran out unnoticed ends here, and its work is due.
      return dueBy === undefined ? 0 : Math.max(0, clock.now().mono - dueBy);
    },
    begin() {
      working = true;
    },
    rest() {
      dueBy = undefined;
      working = false;
    },
    leave: () => entry.stop(),
  };
}
