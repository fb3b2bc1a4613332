import type { Fault } from "./faults.ts";
import type { Answer, Claim, Id, SessionRow, ShardRow, Write } from "./rows.ts";

/** A session as its worker knows it. */
export interface Session {
  token: number;
  revision: number;
  /** The place of the write that its validity rests on. */
  stamp: number;
  /** It counts once the claim's corrections are done: no shard is claimed before. */
  counts: boolean;
  /** The ids of its writes: a row that bears one of them is its own, whatever the answer was. */
  readonly sent: Set<number>;
}

/** A claim that a worker remembers: it waits for the answer, or has given it up as unknown. */
export interface Remembered {
  readonly write: Write & Claim;
  awaited: boolean;
}

/** What a worker has read of a session's row. */
export interface SessionView {
  readonly row: SessionRow | undefined;
  /** Whether the request was sent after the shard's row was received that is judged by it. */
  afterShard: boolean;
}

/** A process of a worker: what it believes, and what it remembers. */
export interface Worker {
  readonly id: Id;
  readonly life: number;
  alive: boolean;
  /** How far its estimate of service time is off, and how far its wall clock was before the first answer. */
  readonly offset: number;
  wallOffset: number;
  session: Session | undefined;
  opening: (Write & { readonly do: "open" }) | undefined;
  correcting: (Write & { readonly do: "correct" }) | undefined;
  /** The token that it leads the shard by, if its session is valid. */
  leads: number | undefined;
  claims: Remembered[];
  /** Tokens of terms that it has given up and whose release is not answered yet. */
  releasing: number[];
  shard: { readonly row: ShardRow | undefined } | undefined;
  views: Partial<Record<Id, SessionView>>;
  /** The latest row of each session that it has evidence against. */
  proof: Partial<Record<Id, number>>;
}

export function worker(id: Id, life: number, offset: number, wallOffset: number): Worker {
  const none = { session: undefined, opening: undefined, correcting: undefined, leads: undefined };
  const empty = { claims: [], releasing: [], shard: undefined, views: {}, proof: {} };
  return { id, life, alive: true, offset, wallOffset, ...none, ...empty };
}

/** A session ends in memory, and with it all that rests on it. */
export function endSession(w: Worker, fault: Fault | undefined): void {
  w.session = undefined;
  w.correcting = undefined;
  w.leads = undefined;
  w.releasing = [];
  // A late copy of a claim lands as a term of a session that is over: nothing has to be settled any more.
  if (fault !== "a claim counts whatever became of its session") w.claims = [];
}

/** A row of the shard was received. What was read of sessions before is older than it from now on. */
export function seeShard(w: Worker, row: ShardRow | undefined, fault: Fault | undefined): void {
  w.shard = { row };
  for (const view of Object.values(w.views)) view.afterShard = false;
  w.claims = w.claims.filter((claim) => claim.awaited || !isSettled(claim.write, row, fault));
  w.releasing = w.releasing.filter((token) => !isReleased(row, w.id, token));
}

/** Whether a row proves that a claim can never be applied any more, and that it is not applied now. */
export function isSettled(
  { token, over, writeId }: Write & Claim,
  row: ShardRow | undefined,
  fault: Fault | undefined,
): boolean {
  if (row === undefined || row.writeId === writeId) return false;
  if (over === undefined) return row.token >= token;
  const differs = row.token !== over.token || row.revision !== over.revision;
  if (fault === "an older row settles a take-over") return differs;
  return row.token > over.token || (row.token === over.token && row.revision > over.revision);
}

/** Whether a row proves that a term which its holder gave up is over in the table as well. */
function isReleased(row: ShardRow | undefined, id: Id, token: number): boolean {
  return row !== undefined && (row.token > token || (row.token === token && row.holder !== id));
}

/** Whether what a worker knows shows that the shard's term is over, or that there is none. */
export function isOver(w: Worker, fault: Fault | undefined): boolean {
  const row = w.shard?.row;
  if (row?.holder === undefined) return true;
  const { holder, sessionToken, writeId, token } = row;
  if (holder === w.id && w.session?.token === sessionToken) {
    // Its own session: only what it never counted, or has ended itself, is over.
    return (
      w.claims.some((one) => one.write.writeId === writeId && !one.awaited) || w.releasing.includes(token)
    );
  }
  const view = w.views[holder];
  if (view === undefined) return false;
  const late =
    view.afterShard || fault === "a session is taken for gone by a reading older than that of the shard";
  if (view.row === undefined) return late;
  if (fault === "a shard's term is judged by its holder, whatever the session's token") return !view.row.held;
  if (view.row.token !== sessionToken) return view.row.token > sessionToken || late;
  const judged = fault === "a shard is taken on evidence against its session, which nobody has buried";
  return !view.row.held || (judged && w.proof[holder] === view.row.stamp);
}

/** What a worker makes of an answer. One to an earlier process changes nothing. Returns what must never happen. */
export function hear(
  w: Worker,
  answer: Answer,
  isValid: () => boolean,
  over: number,
  fault: Fault | undefined,
): string | undefined {
  const { to, session, shard } = answer;
  if (to.life !== w.life || !w.alive) return undefined;
  switch (to.do) {
    case "open":
      return hearOpen(w, to, session, over);
    case "correct":
    case "renew":
      return hearOwn(w, to, session, isValid, fault);
    case "bury":
      // When it was sent is not known any more, so what it says may be older than the shard's row.
      w.views[to.whose] = { row: session, afterShard: false };
      return undefined;
    case "claim":
      return hearClaim(w, to, shard, isValid(), fault);
    case "abandon":
      seeShard(w, shard, fault);
      if (fault === "an unknown claim is forgotten once it is abandoned")
        w.claims = w.claims.filter(({ write }) => write.writeId !== to.claim);
      return undefined;
    case "release":
    case "void":
      seeShard(w, shard, fault);
      return undefined;
    case "close":
    case "ring":
    case "revoke":
      return undefined;
    default:
      return to satisfies never;
  }
}

function hearOpen(
  w: Worker,
  to: Write & { do: "open" },
  row: SessionRow | undefined,
  over: number,
): undefined {
  if (w.opening?.writeId !== to.writeId) return;
  w.opening = undefined;
  w.views[w.id] = { row, afterShard: false };
  if (row?.writeId !== to.writeId || row.stamp <= over) return;
  const { token, revision, stamp } = row;
  w.session = { token, revision, stamp, counts: Math.abs(w.wallOffset) <= 5, sent: new Set([to.writeId]) };
  // The answer has told the time.
  w.wallOffset = 0;
}

/** The answer to a correction or a renewal. A refusal by a row of the same term tells of an earlier write of its own. */
function hearOwn(
  w: Worker,
  to: Write & { do: "correct" | "renew" },
  row: SessionRow | undefined,
  isValid: () => boolean,
  fault: Fault | undefined,
): string | undefined {
  const { session } = w;
  if (session === undefined || !session.sent.has(to.writeId)) return undefined;
  if (to.do === "renew" ? !isValid() : w.correcting?.writeId !== to.writeId) return undefined;
  if (row?.writeId === to.writeId) {
    session.revision = Math.max(session.revision, row.revision);
    session.stamp = Math.max(session.stamp, row.stamp);
    session.token = row.token;
    if (to.do === "correct") session.counts = true;
    w.correcting = undefined;
    return undefined;
  }
  if (row?.held === true && session.sent.has(row.writeId)) {
    const isBell = row.revision > session.revision && row.stamp === session.stamp;
    session.revision = Math.max(session.revision, row.revision);
    // A correction that was not answered has set the token: the next one starts from there.
    if (!session.counts) session.token = row.token;
    return isBell ? "a bell makes a renewal fail" : undefined;
  }
  endSession(w, fault);
  return undefined;
}

function hearClaim(
  w: Worker,
  to: Write & Claim,
  row: ShardRow | undefined,
  isValid: boolean,
  fault: Fault | undefined,
): undefined {
  const claim = w.claims.find((one) => one.write.writeId === to.writeId);
  if (claim === undefined) return;
  const isMine = w.session?.token === to.sessionToken && isValid;
  const loose = fault === "a claim counts whatever became of its session" && w.session !== undefined;
  const late = fault === "an answer counts although its claim was given up";
  if (row?.writeId === to.writeId) {
    if ((!claim.awaited && !late) || w.leads !== undefined || !(isMine || loose)) return;
    w.claims = w.claims.filter((one) => one !== claim);
    w.leads = to.token;
    return;
  }
  claim.awaited = false;
  if (fault === "a refusal settles a claim for good") w.claims = w.claims.filter((one) => one !== claim);
  seeShard(w, row, fault);
}
