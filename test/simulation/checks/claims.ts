import { sessionRow } from "../../../lib/core/names.ts";
import { addressOf } from "../address.ts";
import type { History, HistoryEvent, RowHand, TermLog } from "../history.ts";

/** A change of the row by somebody who is no candidate. */
export type RowEvent = Extract<HistoryEvent, { kind: "row" }>;

type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/** A term as the table saw it begin. */
export interface Begun {
  readonly term: TermLog;
  /** When the claim that it rests on was executed. */
  readonly claimedAt: number;
  /** When its holder was told. */
  readonly toldAt: number;
}

/** What several checkers want to know of a history. */
export interface Digest {
  /** Every term that a candidate was told of, in the order in which the table saw them begin. */
  readonly terms: readonly Begun[];
  /** What operators and TTL did, in order. */
  readonly hands: readonly RowEvent[];
  /** Every pair of holder and token that the row ever showed (see {@link stateKey}). */
  readonly states: ReadonlySet<string>;
  /** Of each such pair, the claim of the term: the pair that it made, before any correction. */
  readonly roots: ReadonlyMap<string, string>;
}

/** A row's holder and token as one string. */
export const stateKey = (holder: string | undefined, token: number): string => `${holder ?? ""} ${token}`;

const digests = new WeakMap<History, Digest>();

/** Reads a history once for all checkers. */
export function digestOf(history: History): Digest {
  const known = digests.get(history);
  if (known !== undefined) return known;
  const claims = new Map<string, number>();
  const terms: Begun[] = [];
  const hands: RowEvent[] = [];
  const states = new Set<string>();
  const roots = new Map<string, string>();
  for (const event of history.events) {
    if (event.kind === "row") hands.push(event);
    if (event.kind === "executed" && event.write.kind === "revoke" && event.after !== undefined) {
      // An operator's hand, though it is a write of the protocol.
      const { at, write, before, after } = event;
      const lease = addressOf(write);
      hands.push({ kind: "row", by: "operator-release", lease, before, after, at });
    }
    if ((event.kind === "row" || event.kind === "executed") && event.after !== undefined) {
      states.add(stateKey(event.after.holder, event.after.token));
    }
    if (event.kind === "executed" && event.after !== undefined) {
      noteClaim(claims, event);
      const key = stateKey(event.after.holder, event.after.token);
      const found = stateKey(event.before?.holder, event.before?.token ?? 0);
      if (event.write.kind === "correct") roots.set(key, roots.get(found) ?? found);
    }
    if (event.kind === "began") {
      const { lease, holder, token } = event.term;
      const claimedAt = claims.get(`${lease} ${stateKey(holder, token)}`) ?? event.at;
      terms.push({ term: event.term, claimedAt, toldAt: event.at });
    }
  }
  terms.sort((a, b) => a.claimedAt - b.claimedAt);
  const digest = { terms, hands, states, roots };
  digests.set(history, digest);
  return digest;
}

/** Notes when the term of a row's state was claimed; a correction changes the token of the same claim. */
function noteClaim(claims: Map<string, number>, { write, before, after, at }: Executed): void {
  const lease = addressOf(write);
  const key = `${lease} ${stateKey(after?.holder, after?.token ?? 0)}`;
  // A copy that lands again begins the term anew, for whoever of a stable id finds it and goes on with it.
  if (write.beginsTerm) claims.set(key, at);
  if (write.kind === "correct" && !claims.has(key))
    claims.set(key, claims.get(`${lease} ${stateKey(before?.holder, before?.token ?? 0)}`) ?? at);
}

const OPERATORS: ReadonlySet<RowHand> = new Set(["operator-delete", "operator-restore", "operator-release"]);

/**
 * Since when a term is at an operator's mercy: the first moment after its claim at which somebody deleted,
 * vacated or overwrote its row by hand. Nothing tells its holder before its next request, so until that it
 * believes in vain; no protocol without a channel to the holder can do better. Infinite if nobody did.
 */
export function tamperedSince(digest: Digest, { term, claimedAt }: Begun): number {
  const session = term.session && `/${sessionRow(term.session.id)}`;
  const hand = digest.hands.find(
    ({ by, lease, at }) =>
      OPERATORS.has(by) &&
      // What rests on a session is at the mercy of whoever touches that: for as long as it has not claimed anew.
      ((lease === term.lease && at >= claimedAt) || (session !== undefined && lease.endsWith(session))),
  );
  return hand === undefined ? Number.POSITIVE_INFINITY : Math.max(hand.at, claimedAt);
}

/**
 * Whether an operator's backup has brought a term's token out a second time. A late copy of a write about the earlier term then
 * finds a row that looks like it, and takes it from a holder that nothing can tell.
 */
export function isRepeated({ terms, hands }: Digest, { term, claimedAt }: Begun): boolean {
  return terms.some(
    (other) =>
      other.term.lease === term.lease &&
      other.term.token === term.token &&
      other.claimedAt < claimedAt &&
      hands.some(({ by, at }) => by === "operator-restore" && at >= other.claimedAt && at <= claimedAt),
  );
}

/** Whether a row was deleted or overwritten by hand between two instants. */
export function tamperedBetween(digest: Digest, from: number, to: number, by: readonly RowHand[]): boolean {
  return digest.hands.some((hand) => by.includes(hand.by) && hand.at >= from && hand.at <= to);
}

/** The term of a log, as the table saw it begin. */
export function begunOf(digest: Digest, term: TermLog): Begun {
  const begun = digest.terms.find((candidate) => candidate.term.id === term.id);
  if (begun === undefined) throw new Error(`term ${term.id} never began`);
  return begun;
}

/** A term's name in messages. */
export const nameOf = ({ holder, token }: Pick<TermLog, "holder" | "token">): string =>
  `${holder} (token ${token})`;
