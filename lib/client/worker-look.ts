import { type Ask, granted, type Plan, planOf } from "../core/assignment.ts";
import { requestTransfer } from "../core/auxiliary-writes.ts";
import { isLeaseError } from "../core/errors.ts";
import { sighted, type Sighting } from "../core/evidence.ts";
import { type GroupView, membersOf } from "../core/group-view.ts";
import { AUXILIARY, sessionRow, shardRow } from "../core/names.ts";
import { untilEvidenceMs } from "../core/next-move.ts";
import type { TermSettings } from "../core/options.ts";
import type { LeaseRecord } from "../core/record.ts";
import { ring } from "../core/shard-writes.ts";
import { askingPriority, type FreeSince, isReserved, membershipOf, shardViews } from "../core/worker-view.ts";
import { buryDead } from "./burying.ts";
import { LOOKED_AT, lookAtGroup } from "./group-reading.ts";
import { AT_ONCE } from "./pacer.ts";
import type { Session } from "./session.ts";
import { LOOK_AGAIN_MS } from "./session-look.ts";
import { attemptShard } from "./shard-attempt.ts";
import type { Wakeup } from "./waiting.ts";
import type { WorkerShards } from "./worker-shards.ts";

/** Those who wait for the same expiry would all wake at once: they spread over this long at most, in ms. */
const SPREAD_MS = 1_000;
/** How soon a worker looks again whose claims others have beaten, in ms: this long at least, and up to twice as long. */
const AGAIN_MS = 100;

/**
 * A worker's look at its group, and what it does about it: it ends dead sessions, claims what is its to claim, asks for what it lacks,
 * and hands over what it has too much of. What to do is for `lib/core/assignment.ts` to say.
 */
export class WorkerLook {
  readonly #session: Session;
  readonly #works: WorkerShards;
  readonly #shardTerm: TermSettings;
  readonly #wakeup: Wakeup;
  readonly #free = new Map<string, FreeSince>();
  #membership: string | undefined;
  /** How many looks it has made. */
  #looks = 0;
  /** How many shards its session had when it looked at all rows last: with fewer there may be room for one that is free. */
  #had = 0;
  #lookedAt = -Infinity;
  /** Whether all rows are to be read with the next look, whoever is there. */
  #due = true;
  /** When it rang for a holder last, by the monotonic clock. */
  readonly #rung = new Map<string, number>();
  /** How many looks in a row came too late for what they showed free. */
  #beaten = 0;

  constructor(session: Session, works: WorkerShards, shardTerm: TermSettings, wakeup: Wakeup) {
    this.#session = session;
    this.#works = works;
    this.#shardTerm = shardTerm;
    this.#wakeup = wakeup;
  }

  /** Has it look at everything, at once. */
  soon(): void {
    this.atAll();
    this.#wakeup.wake();
  }

  /** Has the next look be at everything. */
  atAll(): void {
    this.#due = true;
  }

  /**
   * Looks, and acts. 1 request when nobody came or went; resolves with how long to wait until the next look, in ms.
   * @throws {LeaseError} what the store says
   */
  async make(wanted: readonly string[], ended: AbortSignal): Promise<number> {
    const { core, name, id } = this.#session;
    const session = await this.#session.open();
    if ("kind" in session) {
      this.#due = true;
      return Math.min(core.timing.retryIntervalMs, session.retryAfterMs + SPREAD_MS);
    }
    const now = core.clock.now().mono;
    // What was left to others at the last look is not shown by any change of membership.
    const hasRested = this.#works.restEndsAfter(this.#lookedAt) <= now;
    const hasRoom = this.#session.shards.size < this.#had;
    if (!(this.#due || hasRested || hasRoom || now - this.#lookedAt >= LOOK_AGAIN_MS)) {
      const members = await lookAtGroup(core, name, AUXILIARY.session, id);
      if (membershipOf(members, id) === this.#membership) return this.#untilNext(members);
    }
    this.#due = false;
    const before = [...this.#session.shards.values()];
    const seen = await lookAtGroup(core, name, "", id, LOOKED_AT);
    this.#lookedAt = now;
    const records = new Map([...seen.shards].map(([shard, record]) => [shardRow(shard), record]));
    this.#session.seen(before, records);
    const view = await buryDead(this.#session, seen);
    this.#membership = membershipOf(view, id);
    await this.#act(wanted, view, ended);
    return this.#untilNext(view);
  }

  async #act(wanted: readonly string[], view: GroupView, ended: AbortSignal): Promise<void> {
    const { core, id } = this.#session;
    const { clock, timing } = core;
    const at = clock.now();
    const led = this.#session.led();
    this.#had = this.#session.shards.size;
    const views = shardViews(
      wanted,
      view,
      {
        id,
        leads: (shard) => led.has(shard),
        avoids: (shard) => this.#works.avoids(shard),
        look: this.#looks,
      },
      this.#free,
      (record) => isReserved(this.#sightingOf(record), at, timing),
    );
    const members = membersOf(view);
    const plan = planOf(id, members, views);
    // What it would not claim for now, it does not take from others either; when it would again, it looks at all.
    const ask = plan.ask.filter(({ shard }) => !this.#works.avoids(shard));
    const leaving = [...this.#session.shards].filter(([, lease]) => lease.isHandedOver);
    const given = granted(id, members, views, new Set(leaving.map(([shard]) => shard)));
    this.#handOver(wanted, given, view);
    const late = await this.#claimAndAsk({ ...plan, ask }, view, ended);
    // Whoever is asked hands over all that he can, with his look at the bell, and is rung for again while he could do more. So he looks
    // for no request's sake.
    if (plan.mayClaim || late + ask.length + plan.asked.length > 0) this.#due = true;
    this.#beaten = late > 0 ? this.#beaten + 1 : 0;
    const claimed = new Set(plan.claim);
    const unknown = [...view.shards].filter(([shard, { holder }]) => holder === id && !claimed.has(shard));
    await this.#session.looks.giveBack(unknown.map(([, record]) => record));
    this.#forget(new Set(wanted), view);
  }

  /** Claims and asks; resolves with how many claims others were faster with. What the store refuses for all ends both. */
  async #claimAndAsk(plan: Plan, view: GroupView, ended: AbortSignal): Promise<number> {
    let isRefused = false;
    const goesOn = (): boolean => !ended.aborted && !isRefused;
    const claiming = this.#claim(plan.claim, view, goesOn).catch((error: unknown) => {
      isRefused = true;
      throw error;
    });
    const [claimed] = await Promise.allSettled([claiming, this.#ask(plan, view, goesOn)]);
    if (claimed.status === "rejected") throw claimed.reason;
    return claimed.value;
  }

  /** Forgets what concerns shards that are none any more, and sessions that are gone. */
  #forget(wanted: ReadonlySet<string>, { sessions }: GroupView): void {
    for (const shard of this.#free.keys()) if (!wanted.has(shard)) this.#free.delete(shard);
    for (const holder of this.#rung.keys()) if (!sessions.has(holder)) this.#rung.delete(holder);
    this.#works.forget(wanted);
  }

  /** Hands over what was asked for and is more than its share, and what is no shard of the group any more. */
  #handOver(wanted: readonly string[], given: readonly string[], view: GroupView): void {
    const known = new Set(wanted);
    for (const [shard, lease] of this.#session.shards)
      if (!known.has(shard) && !lease.isHandedOver) void lease.stepDown().catch(() => undefined);
    for (const shard of given) {
      const to = view.shards.get(shard)?.requestedBy;
      // A minimum hold refuses: who asked asks again.
      void this.#session.shards
        .get(shard)
        ?.stepDown({ reserveFor: to })
        .catch(() => undefined);
    }
  }

  /** Claims; resolves with how many others were faster. */
  async #claim(shards: readonly string[], view: GroupView, goesOn: () => boolean): Promise<number> {
    let late = 0;
    let failure: { readonly error: unknown } | undefined;
    const { term } = this.#session;
    const claimOne = async (shard: string): Promise<void> => {
      if (!goesOn() || failure !== undefined) return;
      // Whose session is lost looks anew first: to claim the rest would open one for each.
      if (this.#session.term !== term) return void (late += 1);
      const self = this.#session.contender(shard, this.#shardTerm);
      const came = await attemptShard(self, this.#session, shard, this.#firstFor(view.shards.get(shard)));
      if ("kind" in came) late += 1;
      else this.#works.begin(shard, came);
    };
    const left = shards.values();
    // As many at a time as are sent at a time: whoever is told to stop, or is refused, has not begun the others.
    const oneByOne = async (): Promise<void> => {
      for (const shard of left)
        await claimOne(shard).catch((error: unknown) => {
          // A row that somebody edited by hand is no reason to lead nothing else.
          if (isLeaseError(error, "RECORD_INVALID")) return this.#works.leave(shard);
          late += 1;
          // One that nobody answered is settled by itself; what the store refuses, it refuses for all.
          if (!isLeaseError(error, "STORE_UNAVAILABLE")) failure ??= { error };
        });
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, shards.length) }, oneByOne));
    if (failure !== undefined) throw failure.error;
    return late;
  }

  #firstFor(record: LeaseRecord | undefined): Parameters<typeof attemptShard>[3] {
    if (record?.holder === undefined && record?.reservedFor === undefined) return "claim";
    return this.#sightingOf(record);
  }

  /** What is known of a shard as the look showed it, since when and by whose clock included where it says a time. */
  #sightingOf(record: LeaseRecord): Sighting {
    const { clock, memory } = this.#session.core;
    return sighted(memory.sighting(record.name, record.row), record, clock.now(), undefined);
  }

  /** Asks for shards, and rings once for each holder, again and again until it has answered. */
  async #ask({ ask, asked }: Plan, view: GroupView, goesOn: () => boolean): Promise<void> {
    const { core, id, name } = this.#session;
    const { random } = core;
    const holders = new Set(asked);
    const askOne = async ({ shard, holder }: Ask): Promise<void> => {
      const record = view.shards.get(shard);
      // What an operator has asked for goes before.
      if (record === undefined || (record.requestedPriority ?? -1) >= 0) return;
      this.#rung.delete(holder);
      holders.add(holder);
      const priority = askingPriority(record);
      const request = requestTransfer(record, { writeId: random.id(), by: id, priority });
      await this.#session.pacer.paced(() => this.#session.send(request)).catch(() => undefined);
    };
    const left = ask.values();
    // As with claims: whoever is told to stop has not begun the others. Each waits its turn, also where it would be refused.
    const oneByOne = async (): Promise<void> => {
      for (const one of left) if (goesOn()) await askOne(one);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, ask.length) }, oneByOne));
    for (const holder of holders) {
      if (!goesOn()) return;
      const session = view.sessions.get(holder);
      const now = core.clock.now().mono;
      // A holder hears a bell with its next renewal: to ring oftener says nothing more.
      const rungMs = now - (this.#rung.get(holder) ?? -Infinity);
      if (session?.is !== "lasts" || rungMs < 2 * this.#shardTerm.timing.renewIntervalMs) continue;
      this.#rung.set(holder, now);
      const bell = { writeId: random.id(), bell: random.id() };
      await this.#session
        .send(ring(name, { holder, token: session.record.token }, bell))
        .catch(() => undefined);
    }
  }

  /** Its own beat, or when the first of the other sessions could be over, whichever is sooner. */
  #untilNext(view: GroupView): number {
    const { core, id, name } = this.#session;
    const { clock, exchange, memory, random, timing } = core;
    const { retryIntervalMs } = timing;
    this.#looks += 1;
    if (this.#beaten > 0 && this.#beaten <= 5)
      return Math.min(retryIntervalMs, AGAIN_MS * this.#beaten * (1 + random.fraction()));
    const now = clock.now().mono;
    // Ten thousand shards may come to the end of their rests one by one: a look takes all that have.
    const mostMs = Math.min(retryIntervalMs, SPREAD_MS);
    const restMs = Math.max(this.#works.restEndsAfter(now) - now, mostMs);
    let waitMs = Math.min(retryIntervalMs, restMs);
    const spread = mostMs * (0.1 + 0.9 * random.fraction());
    for (const session of view.sessions.values()) {
      if (session.id === id || session.is !== "lasts") continue;
      const seen = memory.sighting(name, sessionRow(session.id));
      if (seen === undefined) continue;
      waitMs = Math.min(waitMs, untilEvidenceMs(seen, clock.now(), exchange.estimate(), timing) + spread);
    }
    return waitMs;
  }
}
