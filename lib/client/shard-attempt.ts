import { firstWriteOf } from "../core/attempt.ts";
import { because as why } from "../core/errors.ts";
import type { LeaseEvents } from "../core/events.ts";
import type { Sighting } from "../core/evidence.ts";
import { sessionRow } from "../core/names.ts";
import { nextShardMove, type SessionSeen, type ShardMove } from "../core/shard-move.ts";
import { bury, ofAShard } from "../core/shard-writes.ts";
import { stateOf } from "../core/record.ts";
import type { NewTerm } from "../core/term-state.ts";
import { elapsedAtLeast, type Reading } from "../core/units.ts";
import type { Refusal } from "./attempt.ts";
import type { Contender } from "./contender.ts";
import type { LeaseHandle } from "./handle.ts";
import type { Session } from "./session.ts";
import type { Within } from "./waiting.ts";

/** Contention can invalidate each move; past this many the candidate waits. */
const MAX_MOVES = 8;

/** How an attempt begins: it claims at once, or reads the shard's row, or knows the row already. */
export type First = "claim" | "look" | Sighting;

const NONE = [] as const;
const UNREAD: SessionSeen = { sighting: undefined, afterShard: false, isFresh: false };

/** For what part of a retry interval a session that was read counts as read: many shards may rest on it. */
const FRESH = 0.5;

/**
 * One attempt to lead a shard through a session: claims it, or takes it over once the session of its holder is over, or learns why
 * not. A session against which there is evidence is ended first.
 */
class ShardAttempt {
  readonly #self: Contender;
  readonly #session: Session;
  readonly #shard: string;
  readonly #from: Reading;
  #requests = 0;
  #seen: Sighting | undefined;
  /** What was read of the holder's session since the shard's row was. */
  #readAfter: SessionSeen = UNREAD;

  constructor(self: Contender, session: Session, shard: string, from: Reading) {
    this.#self = self;
    this.#session = session;
    this.#shard = shard;
    this.#from = from;
  }

  async make(first: First): Promise<LeaseHandle | Refusal> {
    if (first === "look") await this.#look();
    else if (first !== "claim") this.#seen = first;
    let move: ShardMove = first === "claim" ? { kind: "claim" } : this.#decide();
    for (let moves = 0; moves < MAX_MOVES && move.kind !== "stand-by"; moves += 1) {
      if (move.kind === "read-session") await this.#readSession(move.of);
      else if (move.kind === "bury") await this.#bury(move);
      else {
        const session = await this.#session.open();
        // It is closed for its lock-delay, and so is every shard.
        if ("kind" in session) return this.#refused(session, { ...session.state, shard: this.#shard });
        const lease = move.kind === "open-session" ? undefined : await this.#write(move, session);
        if (lease !== undefined) return lease;
      }
      move = this.#decide();
    }
    // Too much contention: all that can be said is "held".
    return this.#refused(move.kind === "stand-by" ? move : { reason: "held", retryAfterMs: 0 });
  }

  #decide(): ShardMove {
    const { clock, exchange, holder, memory, settings, timing } = this.#self;
    const seen = this.#seen;
    const own = this.#session.term;
    const of = seen?.record.holder;
    const at = clock.now();
    return nextShardMove(
      {
        seen,
        session: this.#readAfter.afterShard || of === undefined ? this.#readAfter : this.#remembered(of, at),
        at,
        now: exchange.estimate(),
        tick: settings.tick,
        holder,
        affinity: settings.affinity?.label,
        isOwnClaim: (writeId) => memory.isOwnClaim(writeId),
        own: own && { token: own.token, leftMs: own.remainingMs() },
        leads: this.#session.leads(this.#shard),
      },
      timing,
    );
  }

  #remembered(of: string, at: Reading): SessionSeen {
    const { memory, name, timing } = this.#self;
    const sighting = memory.sighting(name, sessionRow(of));
    const ageMs = sighting === undefined ? Infinity : elapsedAtLeast(sighting.lastSeen, at);
    return { sighting, afterShard: false, isFresh: ageMs < FRESH * timing.retryIntervalMs };
  }

  async #look(): Promise<void> {
    const { memory, name, row } = this.#self;
    this.#requests += 1;
    const { outcome, received } = await this.#self.look();
    this.#seen = memory.note(name, outcome.record, received, outcome.servedAt, row);
    this.#readAfter = UNREAD;
  }

  async #readSession(of: string): Promise<void> {
    const { memory, name } = this.#self;
    const row = sessionRow(of);
    this.#requests += 1;
    const { outcome, received } = await this.#self.look(row);
    const sighting = memory.note(name, outcome.record, received, outcome.servedAt, row);
    this.#readAfter = { sighting, afterShard: true, isFresh: true };
  }

  /** Ends a session by evidence. Whoever is refused has seen how it stands now, after the shard's row. */
  async #bury({ seen }: Extract<ShardMove, { kind: "bury" }>): Promise<void> {
    const { exchange, memory, name, random } = this.#self;
    this.#requests += 1;
    const write = bury(seen, { writeId: random.id(), now: exchange.steady() });
    const { outcome, received } = await this.#self.send(write);
    if (outcome.kind === "unknown")
      throw this.#unavailable("its last holder's session may be ended, nobody can say", outcome.cause);
    const record = outcome.kind === "written" ? outcome.record : outcome.current;
    const sighting = memory.note(name, record, received, outcome.servedAt, seen.row);
    this.#readAfter = { sighting, afterShard: true, isFresh: true };
  }

  /** Claims or takes over; resolves with nothing where that was refused. */
  async #write(
    move: Extract<ShardMove, { kind: "claim" | "take-over" }>,
    session: LeaseHandle,
  ): Promise<LeaseHandle | undefined> {
    const { exchange, memory, name, row, random } = this.#self;
    const now = exchange.estimate();
    const believed = { writeId: random.id(), now, timed: false, sessionToken: session.token };
    const write = firstWriteOf(move, this.#self, believed);
    this.#requests += 1;
    const { outcome, received } = await this.#self.send(write);
    if (outcome.kind === "refused") {
      this.#seen = memory.note(name, outcome.current, received, outcome.servedAt, row);
      this.#readAfter = UNREAD;
      this.#session.looks.remember(this.#shard, write, outcome.current);
      if (this.#seen === undefined && move.kind === "claim") await this.#look();
      return undefined;
    }
    memory.forget(name, row);
    if (outcome.kind === "unknown") {
      // A claim that was throttled is as good as refused.
      if (outcome.unapplied) this.#session.looks.remember(this.#shard, write, this.#seen?.record);
      else {
        memory.rememberClaim(write.writeId);
        this.#session.settle(this.#self, write);
      }
      const what = outcome.unapplied ? "was not claimed" : "may be claimed, nobody can say";
      throw this.#unavailable(what, outcome.cause);
    }
    // It counts only while that very session lasts: a later one of the same worker did not claim it.
    if (this.#session.term !== session)
      throw this.#unavailable("was claimed, but answered after the session");
    const because = move.kind === "claim" ? "vacant" : move.because;
    return this.#begin({ record: outcome.record, because }, session);
  }

  #begin(
    { record, because }: Pick<NewTerm, "record"> & Pick<LeaseEvents["acquired"], "because">,
    session: LeaseHandle,
  ): LeaseHandle {
    const limit = { from: this.#from, lengthMs: this.#self.settings.termLimitMs };
    const validity = limit.lengthMs < Infinity ? [limit] : NONE;
    const won = { record: ofAShard(record), validity, vouchers: NONE, limit, overOwn: false };
    this.#self.tell("acquired", { token: record.token, requests: this.#requests, because });
    return this.#session.begin(this.#self, this.#shard, won, session);
  }

  #refused(
    { reason, retryAfterMs }: Pick<Refusal, "reason" | "retryAfterMs">,
    state = stateOf(this.#self.name, this.#seen?.record, false, this.#shard),
  ): Refusal {
    this.#self.tell("refused", { reason, leader: state.holder, leaderToken: state.token, retryAfterMs });
    return { kind: "refused", reason, state, retryAfterMs };
  }

  #unavailable(what: string, cause?: unknown): Error {
    return this.#self.error(
      "STORE_UNAVAILABLE",
      `${what}, so it does not lead, try again${why(cause)}`,
      cause,
    );
  }
}

/**
 * Makes one attempt of a session to lead a shard.
 * @param from when it began to try: the term's limit counts from there
 * @param within for how long it waits for the attempts before it
 * @throws {LeaseError} as `attempt`
 */
export function attemptShard(
  self: Contender,
  session: Session,
  shard: string,
  first: First,
  from: Reading = self.clock.now(),
  within?: Within,
): Promise<LeaseHandle | Refusal> {
  return session.during(shard, within, async () => {
    // Else it would find a term of its own to take over, and its release would find a successor.
    const present = session.shards.get(shard);
    if (present?.releasing) await present.release();
    // It would go over what that one had to say, too.
    await session.looks.farewell(self);
    return new ShardAttempt(self, session, shard, from).make(first);
  });
}
