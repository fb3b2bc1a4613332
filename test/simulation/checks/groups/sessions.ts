import { sessionRow } from "../../../../lib/core/names.ts";
import { addressOf } from "../../address.ts";
import type { Checker, GroupCheckerName, History, Violation } from "../../history.ts";
import { begunOf, digestOf, tamperedSince } from "../claims.ts";
import { type Executed, isOwn, onSession, onShard, Replay, type RowSeen, termText } from "./replay.ts";

/** A session's row outlives its token by this. */
const RETENTION_MS = 86_400_000;

/**
 * Whenever a handle of a shard says that it is held, its session's row shows the session: held, with the token that the claim named.
 * Left out is what an operator has tampered with.
 */
export const ownSession: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const replay = new Replay(history.group?.name ?? "");
  for (const event of history.events) {
    replay.note(event);
    if (event.kind !== "asked" || !event.held || event.term.session === undefined) continue;
    if (replay.lasts(event.term.session)) continue;
    if (tamperedSince(digest, begunOf(digest, event.term)) <= event.at) continue;
    const message = `${termText(event.term)} is held, and its session is over`;
    violations.push({ by: "own-session", at: event.at, message });
  }
  return violations;
};

/**
 * A session's token never falls and never repeats, its row outlives its token by a day, nobody goes on with it, and nobody has
 * it but whose id its row bears.
 */
export const sessionTokens: Checker = (history) => {
  const found = complaints("session-tokens");
  const highest = new Map<string, number>();
  for (const event of history.events) {
    if (event.kind === "row" && event.by !== "ttl") highest.delete(event.lease);
    if (event.kind !== "executed" || event.after === undefined || !onSession(event)) continue;
    const { write, after, at } = event;
    const address = addressOf(write);
    const before = highest.get(address) ?? 0;
    const falls = write.beginsTerm ? after.token <= before : after.token < before;
    if (falls) found.add(at, `a ${write.kind} of ${address} goes back from ${before} to ${after.token}`);
    highest.set(address, Math.max(before, after.token));
    const { holder, ttl = Number.POSITIVE_INFINITY } = after;
    if (write.kind === "resume") found.add(at, `${address} is gone on with`);
    if (holder !== undefined && !address.endsWith(`#${holder}`))
      found.add(at, `${address} is held by ${holder}`);
    if (ttl * 1_000 < after.token + RETENTION_MS)
      found.add(at, `${address} may be deleted before its token is a day old`);
  }
  return found.all;
};

/**
 * A session that was not released is ended only when it can be proven to be over, by a write on its own row: that of whoever buries it,
 * or its successor's of the same id where it promised a lock-delay. Rows that a hand touched are left out.
 */
export const sessionBurials: Checker = (history) => {
  const found = complaints("session-burials");
  const replay = new Replay(history.group?.name ?? "");
  const used = new Set<string>();
  for (const event of history.events) {
    // Whatever a process held nothing through, it promised to nobody: a claim of its own that it never heard of.
    if (event.kind === "began") used.add(`${event.term.session?.id} ${event.term.session?.token}`);
    if (event.kind === "executed" && event.after !== undefined && onSession(event)) {
      const { write, before, at } = event;
      const seen = replay.at(addressOf(write));
      const mine = seen?.by?.process === event.process && !used.has(`${before?.holder} ${before?.token}`);
      const ends = write.kind === "bury" || (write.beginsTerm && (before?.lockDelayMs ?? 0) > 0 && !mine);
      if (ends && before?.holder !== undefined && seen?.by !== undefined && !isProvable(history, seen, at))
        found.add(at, `a ${write.kind} ends ${addressOf(write)} while nobody can prove it over`);
    }
    replay.note(event);
  }
  return found.all;
};

/** Whether a row that was made then can have been proven over by now, in true time, with no more than δ and the drift to spare. */
function isProvable({ timing, epochMs }: History, { record, at: madeAt }: RowSeen, at: number): boolean {
  const { expiresAt, durationMs } = record;
  const served = epochMs + at + timing.serviceClockErrorMs;
  if (expiresAt !== undefined && served >= expiresAt + timing.graceMs) return true;
  return at - madeAt >= durationMs / (1 - timing.clockDriftRatio) - 1;
}

/**
 * Nobody takes a shard over whose session lasts, but that very session, or the process whose unanswered claim holds it; and nothing is claimed through a session that does not count
 * yet: one that nobody has, or that its own correction gives another token afterwards. Left out is a session below a token that a hand
 * has taken from its row: whoever saw that one takes all below it for over.
 */
export const shardTakeOver: Checker = (history) => {
  const found = complaints("shard-take-over");
  const replay = new Replay(history.group?.name ?? "");
  const known = new Set<string>();
  const claimed = new Map<string, number>();
  const begun = new Set<string>();
  const tampered = new Map<string, number>();
  for (const event of history.events) {
    if (event.kind === "row" && event.by !== "ttl") {
      const { lease, before } = event;
      tampered.set(lease, Math.max(before?.token ?? 0, tampered.get(lease) ?? 0));
    }
    if (event.kind === "began") begun.add(`${event.term.lease} ${event.term.token}`);
    if (event.kind === "executed" && event.after !== undefined && onShard(event)) judge(event);
    replay.note(event);
    if (event.kind === "executed" && event.after !== undefined && onSession(event)) {
      const { write, before, after } = event;
      known.add(`${after.holder} ${after.token}`);
      const early = claimed.get(`${before?.holder} ${before?.token}`);
      if (write.kind === "correct" && early !== undefined)
        found.add(early, `a shard is claimed through ${addressOf(write)} before it counts`);
    }
    if (event.kind !== "sent" || event.write?.set.sessionToken === undefined) continue;
    const name = `${event.write.set.holder} ${event.write.set.sessionToken}`;
    if (!claimed.has(name)) claimed.set(name, event.at);
    if (!known.has(name)) found.add(event.at, `a shard is claimed through a session that never was: ${name}`);
  }
  return found.all;

  function judge({ write, before, after, at, process }: Executed): void {
    if (
      !(write.beginsTerm || write.kind === "void") ||
      before?.holder === undefined ||
      before.sessionToken === undefined
    )
      return;
    const session = { id: before.holder, token: before.sessionToken };
    const again = after?.holder === before.holder && after.sessionToken === before.sessionToken;
    // A claim that nobody had answered leads nobody: its process may take it over, through whatever session.
    const seen = replay.at(addressOf(write));
    const unseen = seen?.by?.process === process && !begun.has(`${addressOf(write)} ${before.token}`);
    const own = again || unseen || (write.kind === "void" && isOwn(process, before.holder));
    if (own || !replay.lasts(session)) return;
    const row = addressOf({ name: write.name, row: sessionRow(session.id) });
    if ((tampered.get(row) ?? 0) > session.token) return;
    found.add(at, `${addressOf(write)} is taken over from ${session.id}, whose session lasts`);
  }
};

/** Collects what a checker finds. */
export function complaints(by: GroupCheckerName | "I4-own-term-only" | "I5-recovery"): {
  readonly all: Violation[];
  add(at: number, message: string): void;
} {
  const all: Violation[] = [];
  return { all, add: (at, message) => void all.push({ by, at, message }) };
}
