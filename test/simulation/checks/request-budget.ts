import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import { STABLE } from "../world/tenure.ts";
import type { AnswerKind, Checker, History, HistoryEvent, Violation } from "../history.ts";

type Kind = "read" | LeaseWrite["kind"];

/** A request and what its sender learnt of it. */
interface Asked {
  readonly kind: Kind;
  readonly at: number;
  answer: AnswerKind | undefined;
  answeredAt?: number;
  /** Whether it was the last before a candidate that stands was elected. */
  elected?: boolean;
}

/** What a candidate sends beside its attempts. */
const BESIDE: ReadonlySet<Kind> = new Set(["renew", "release", "request", "register"]);

/** What an attempt leads by if it succeeds. */
const ATTEMPTS: ReadonlySet<Kind> = new Set(["claim", "take-over", "resume"]);
/** An attempt stands by after this many claims and take-overs. */
const MAX_WRITES = 4;
/** In a calm world an attempt claims, or looks and claims, or claims and is told of a token ahead of its clock. */
const MAX_CALM = 2;
/** One that stands again before its own release has landed finds its own term, and then a vacancy. */
const MAX_CANDIDATE = 3;
/** A release is sent again once when nobody answers. */
const RELEASE_TRIES = 2;

/**
 * The protocol's counts: never more requests than they allow.
 *
 * An attempt claims at once (or looks first, when it is not an `acquire`'s first); only a refusal is followed
 * by another claim, only a success by one correction, and an unknown outcome by nothing but abandoning what
 * was sent, once each. A release is sent once, and once more when it is not answered. Nothing is renewed once
 * release was asked for. In a calm world the counts are exact: 1 to acquire, 1 to be refused, 1 to release,
 * and renewals no closer together than `renewIntervalMs`.
 */
export const requestBudget: Checker = (history) => {
  const violations: Violation[] = [];
  const found = (at: number, message: string): void => {
    violations.push({ by: "request-budget", at, message });
  };
  const standing = new Set(
    history.events.flatMap((event) => (event.kind === "stands" ? [event.operation] : [])),
  );
  for (const [operation, requests] of requestsByOperation(history)) {
    const attempts = attemptsOf(requests, history.calm);
    const wrong = attempts.map(faultOf).find((fault) => fault !== undefined);
    const first = attempts[0]?.[0];
    if (first !== undefined && first.kind !== "claim") {
      found(first.at, `operation ${operation} begins with a ${first.kind}`);
    }
    const most = Math.max(0, ...attempts.map(({ length }) => length));
    if (history.calm && most > (standing.has(operation) ? MAX_CANDIDATE : MAX_CALM)) {
      found(first?.at ?? 0, `operation ${operation} makes ${most} requests in one attempt`);
    }
    if (wrong !== undefined) found(wrong.at, `operation ${operation}: ${wrong.what}`);
  }
  checkTerms(history, found);
  return violations;
};

function requestsByOperation(history: History): Map<number, Asked[]> {
  const operations = new Map<number, Asked[]>();
  const byRequest = new Map<number, Asked>();
  const ignored = new Set<number>();
  for (const event of history.events) {
    if (event.kind === "elected") cut(operations.get(event.operation));
    if (event.kind === "operation" && event.what === "operate") ignored.add(event.operation);
    if (event.kind === "sent" && event.operation > 0 && !ignored.has(event.operation) && !event.listing) {
      const asked: Asked = { kind: event.write?.kind ?? "read", at: event.at, answer: undefined };
      byRequest.set(event.request, asked);
      const others = operations.get(event.operation);
      if (others === undefined) operations.set(event.operation, [asked]);
      else others.push(asked);
    }
    if (event.kind === "answered") {
      const asked = byRequest.get(event.request);
      if (asked !== undefined) Object.assign(asked, { answer: event.answer, answeredAt: event.at });
    }
  }
  return operations;
}

/** Notes that what follows belongs to another attempt: this one led to a term. */
function cut(requests: readonly Asked[] | undefined): void {
  const last = requests?.at(-1);
  if (last !== undefined) last.elected = true;
}

/** Cuts an operation's requests into attempts: each begins with a look, or, the first, with a claim. */
function attemptsOf(requests: readonly Asked[], calm: boolean): Asked[][] {
  const attempts: Asked[][] = [];
  let elected = false;
  for (const request of requests) {
    const begins = elected;
    elected = request.elected ?? (elected && BESIDE.has(request.kind));
    if (BESIDE.has(request.kind)) continue;
    const last = attempts.at(-1);
    if (last === undefined || begins || (request.kind === "read" && (calm || !wantsRecord(last, request.at))))
      attempts.push([request]);
    else last.push(request);
  }
  return attempts;
}

/** After a claim that was refused without a record to show for it, the same attempt may look once, right away. */
function wantsRecord(attempt: readonly Asked[], at: number): boolean {
  const last = attempt.at(-1);
  return last?.kind === "claim" && last.answer === "refused" && at - (last.answeredAt ?? 0) < 1;
}

function faultOf(attempt: readonly Asked[]): { readonly at: number; readonly what: string } | undefined {
  const writes = attempt.filter(({ kind }) => ATTEMPTS.has(kind)).length;
  const made = attempt.filter(({ kind }) => ATTEMPTS.has(kind) || kind === "correct").length;
  const abandons = attempt.filter(({ kind }) => kind === "abandon").length;
  const at = attempt[0]?.at ?? 0;
  if (writes > MAX_WRITES) return { at, what: `${writes} claims in one attempt` };
  if (abandons > made) return { at, what: `${abandons} abandons of ${made} writes` };
  for (let index = 1; index < attempt.length; index += 1) {
    const before = attempt[index - 1] as Asked;
    const after = attempt[index] as Asked;
    if (!mayFollow(before, after)) {
      const what = `a ${after.kind} after a ${before.kind} that was ${before.answer ?? "not answered"}`;
      return { at: after.at, what };
    }
  }
  return undefined;
}

function mayFollow(before: Asked, after: Asked): boolean {
  const settled = before.answer === "written";
  switch (before.kind) {
    case "read":
      return ATTEMPTS.has(after.kind);
    case "claim":
    case "take-over":
      // A success is followed by a correction, or given up because its answer came too late.
      if (settled) return after.kind === "correct" || after.kind === "abandon";
      if (before.answer === "refused") return ATTEMPTS.has(after.kind) || after.kind === "read";
      return after.kind === "abandon";
    case "correct":
    case "resume":
      if (before.answer === "refused") return ATTEMPTS.has(after.kind);
      return after.kind === "abandon";
    case "abandon":
      return after.kind === "abandon" && !settled;
    case "renew":
    case "release":
    case "request":
    case "revoke":
    case "rewind":
    case "register":
    case "admit":
    case "bury":
    case "void":
    case "ring":
      return false;
    default:
      return before.kind satisfies never;
  }
}

function checkTerms(history: History, found: (at: number, message: string) => void): void {
  const released = new Map<string, number>();
  const extended = new Map<number, number>();
  const renewals = new Map<number, number>();
  const byHand = new Set<number>();
  const releases = new Map<number, string>();
  const partedAt = new Map<string, number>();
  /** One that a renewal of its own overtook is sent again. */
  const forgiven = (request: number): void => {
    const key = releases.get(request) ?? "";
    released.set(key, (released.get(key) ?? 1) - 1);
  };
  const gap = history.timing.renewIntervalMs * 0.98;
  for (const event of history.events) {
    if (event.kind === "began") {
      extended.set(event.term.token, event.at);
      released.delete(`${event.term.process} ${event.term.token}`);
    }
    if (event.kind === "release-asked") {
      const key = `${event.term.process} ${event.term.token}`;
      released.set(key, 0);
      partedAt.set(key, event.at);
    }
    if (event.kind === "answered" && event.answer === "refused") forgiven(event.request);
    if (event.kind === "answered" && event.answer === "written") {
      const token = renewals.get(event.request);
      // A renewal that the leader asked for may have an automatic one queue behind it, which goes out at once.
      if (token !== undefined) extended.set(token, byHand.has(event.request) ? 0 : event.at);
    }
    if (event.kind !== "sent" || event.write === undefined) continue;
    const { kind, expects } = event.write;
    if (kind === "release") {
      releases.set(event.request, `${event.process} ${expects.token}`);
      countRelease(event, released, found);
    }
    if (kind !== "renew" || expects.token === undefined) continue;
    renewals.set(event.request, expects.token);
    if (event.operation !== 0) byHand.add(event.request);
    // A stable id's process may have gone on with its own term while an old release is still tried.
    const returned = expects.holder?.startsWith(STABLE) ?? false;
    // One that was decided in the same instant, and before the release, may be on its way to the network still.
    const key = `${event.process} ${expects.token}`;
    const parted = partedAt.get(key) ?? event.at;
    if (!returned && parted < event.at && released.has(key)) {
      found(event.at, `${event.process} renews token ${expects.token} after its release`);
    }
    const since = event.at - (extended.get(expects.token) ?? 0);
    if (history.calm && event.operation === 0 && since < gap) {
      found(event.at, `${event.process} renews after ${Math.round(since)} ms, and every ${gap} ms would do`);
    }
  }
}

function countRelease(
  { write, at, process }: Extract<HistoryEvent, { kind: "sent" }>,
  released: Map<string, number>,
  found: (at: number, message: string) => void,
): void {
  const key = `${process} ${write?.expects.token}`;
  const tries = (released.get(key) ?? 0) + 1;
  released.set(key, tries);
  if (tries > RELEASE_TRIES) found(at, `${process} sends release ${tries} of token ${write?.expects.token}`);
}
