import type { LeaseWrite } from "../core/lease-write.ts";
import { AUXILIARY, shardOf, shardRow } from "../core/names.ts";
import type { LeaseRecord } from "../core/record.ts";
import { mayLand } from "../core/shard-writes.ts";
import { release, ttlOf } from "../core/writes.ts";
import { unlessInvalid } from "./burying.ts";
import { AFTER_FAILURE_MS } from "./campaign.ts";
import type { Contender } from "./contender.ts";
import type { Session } from "./session.ts";
import { untilSettled } from "./settling.ts";

/** Whoever holds shards reads them again this often, in ms: a bell that was lost costs that at most. */
export const LOOK_AGAIN_MS = 60_000;

/** So many refused claims are remembered: the later ones matter more. */
const MOST_LOOSE = 1_000;

/** What it looks at: all of ten thousand rows takes several times as long to read. */
const LOOKED_AT = ["holder", "token", "sessionToken", "requestedBy", "requestedPriority"] as const;

/** Up to so many shards are read one by one, and not with all of their group. */
const FEW = 8;

/** A session's looks at its own shards: who else holds them, who requests them, and what it holds without knowing. */
export class SessionLook {
  readonly #session: Session;
  /** Who sends: the candidate for the session itself. */
  readonly #self: Contender;
  /** The highest token of the claims that were refused and may land yet, by shard: a copy of one may be on its way. */
  readonly #loose = new Map<string, number>();
  /**
   * The releases that nobody has answered yet, by row. Whatever else vacates such a row, or takes it over, drops what they have to say: that an
   * occurrence is done, or for whom the shard is kept.
   */
  readonly #unsaid = new Map<string | undefined, LeaseWrite>();
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(session: Session, self: Contender) {
    this.#session = session;
    this.#self = self;
  }

  /**
   * Remembers a claim that was refused, and of which a copy may land yet. If one does, it holds the shard for this session, and nobody
   * is told: the next look finds it, and releases it.
   */
  remember(shard: string, claim: LeaseWrite, current: LeaseRecord | undefined): void {
    const { token = 0 } = claim.set;
    if (!mayLand(claim, current)) return;
    const before = this.#loose.get(shard) ?? 0;
    this.#loose.delete(shard);
    this.#loose.set(shard, Math.max(token, before));
    for (const oldest of this.#loose.keys()) {
      if (this.#loose.size <= MOST_LOOSE) return;
      this.#loose.delete(oldest);
    }
  }

  /** Remembers a release that nobody answered, also of a session that is over: at the latest the next attempt for the shard sends it. */
  unheard(self: Contender, write: LeaseWrite): void {
    this.#unsaid.set(self.row, write);
  }

  /** Sends it until somebody answers, or the session ends. */
  settleRelease(self: Contender, over: AbortSignal): Promise<void> {
    return untilSettled(self, over, () => this.farewell(self));
  }

  /**
   * Sends the last release of a shard, if nobody has answered it yet.
   * @throws {LeaseError} STORE_UNAVAILABLE where nobody answers it now either
   */
  async farewell(self: Contender): Promise<"settled"> {
    const { row } = self;
    const write = this.#unsaid.get(row);
    if (write !== undefined) {
      const { outcome } = await self.send(write);
      if (outcome.kind === "unknown")
        throw self.error("STORE_UNAVAILABLE", "may be released, nobody can say", outcome.cause);
      // There may be another by now.
      if (this.#unsaid.get(row) === write) this.#unsaid.delete(row);
    }
    return "settled";
  }

  /** Looks now, or once more when the look under way is over. Whatever fails is told by an event, and tried again soon. */
  soon(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#look()
      .catch(() => this.#session.planLook(Math.min(this.#self.timing.retryIntervalMs, AFTER_FAILURE_MS)))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#again) return;
        this.#again = false;
        void this.soon();
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const before = [...this.#session.shards.values()];
    const shards = new Set([...before.map(({ shard = "" }) => shard), ...this.#loose.keys()]);
    const records = new Map<string, LeaseRecord>();
    const unread = shards.size <= FEW ? await this.#readEach(shards, records) : await this.#readAll(records);
    this.#session.seen(
      before.filter(({ shard = "" }) => !unread.has(shard)),
      records,
    );
    for (const [shard, token] of this.#loose) {
      const { token: now = 0 } = records.get(shardRow(shard)) ?? {};
      if (now >= token) this.#loose.delete(shard);
    }
    await this.giveBack(records.values());
  }

  /** Releases each shard that the session holds and nobody was told of: a late copy of a claim has taken it. */
  async giveBack(records: Iterable<LeaseRecord>): Promise<void> {
    // One that was edited by hand is told of by an event.
    for (const record of records) await this.#giveBack(record).catch(unlessInvalid);
  }

  /** Reads a few; resolves with those that cannot be read: nobody can claim a row that was edited by hand. */
  async #readEach(
    shards: ReadonlySet<string>,
    records: Map<string, LeaseRecord>,
  ): Promise<ReadonlySet<string>> {
    const unread = new Set<string>();
    for (const shard of shards) {
      const row = shardRow(shard);
      const answer = await this.#self.look(row).catch((error: unknown) => {
        unlessInvalid(error);
        unread.add(shard);
      });
      if (answer?.outcome.record !== undefined) records.set(row, answer.outcome.record);
    }
    return unread;
  }

  async #readAll(records: Map<string, LeaseRecord>): Promise<ReadonlySet<string>> {
    for (const { outcome } of await this.#self.rows(AUXILIARY.shard, LOOKED_AT))
      for (const record of outcome.records) if (record.row !== undefined) records.set(record.row, record);
    return new Set();
  }

  async #giveBack(record: LeaseRecord): Promise<void> {
    const { core, id: holder, name, term } = this.#session;
    const { exchange, random } = core;
    if (record.holder !== holder || record.sessionToken !== term?.token) return;
    if (this.#session.isBusy(shardOf(record.row) ?? "")) return;
    if (this.#unsaid.get(record.row)?.expects.token === record.token) return;
    const taken = { name, row: record.row, holder, token: record.token };
    // A shard's row is kept for longer than a session's: its `tick` says which occurrences are done.
    const ttl = ttlOf(exchange.steady(), 0, core.timing.retentionMs);
    await this.#self.send(release(taken, { writeId: random.id(), ttl, tick: undefined }));
  }
}
