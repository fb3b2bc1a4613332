import type { Checker, History, HistoryEvent, TermLog, Violation } from "../history.ts";
import { OPERATOR_PRIORITY } from "../../../lib/core/auxiliary-writes.ts";
import { stateKey, digestOf, nameOf, tamperedBetween } from "./claims.ts";

type Handover = Extract<HistoryEvent, { kind: "handover" }>;
type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/** What requests and timers may take where nothing is slow, in ms, all together. */
const REQUESTS_MS = 300;
/** Timers and clocks are this exact. */
const HAIR_MS = 10;

interface Ask {
  readonly by: string;
  readonly priority: number;
}

/**
 * Hand-over: a leader accepts an operator, its own wish, or a stronger candidate once its term has settled, and nobody
 * else, so that equals do not take the lead from each other in turns. It keeps the lease for the successor that it was
 * told of. Where nothing is lost or slow, the next leads within one retry if it waits for the lease, and costs
 * others no more than the reservation, the grace, a second and a retry if it is dead or gone; and it all takes one
 * request, one release and one claim.
 */
export const handOver: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const began = new Map<number, number>();
  const wishes = new Map<number, Set<string | undefined>>();
  const asks = new Map<string, Ask[]>();
  const handed = new Map<string, Handover>();
  const sentAsks = new Map<string, number>();
  const found = (at: number, message: string): void => {
    violations.push({ by: "hand-over", at, message });
  };
  for (const event of history.events) {
    if (event.kind === "began") {
      began.set(event.term.id, event.at);
      // A process that goes on with a term of its own host's does not owe what it was told of before.
      handed.delete(stateKey(event.term.holder, event.term.token));
    }
    if (event.kind === "step-down-asked") wish(event.term, event.to);
    if (event.kind === "handover") onHandover(event);
    if (event.kind === "sent" && event.write?.kind === "request" && history.calm) {
      const { requestedPriority = 0 } = event.write.set;
      const key = `${event.process} ${event.write.expects.token}`;
      const times = (sentAsks.get(key) ?? 0) + 1;
      sentAsks.set(key, times);
      if (times > 1 && requestedPriority < OPERATOR_PRIORITY) {
        found(event.at, `${event.process} asks for token ${event.write.expects.token} a second time`);
      }
    }
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { write, after, before, at } = event;
    if (write.kind === "request") {
      const unheard = deafness(history, event);
      if (unheard !== undefined) found(at, unheard);
      const key = rootOf(after.holder, after.token);
      const ask = { by: after.requestedBy ?? "", priority: after.requestedPriority ?? 0 };
      asks.set(key, [...(asks.get(key) ?? []), ask]);
    }
    if (write.kind !== "release") continue;
    const handover = handed.get(stateKey(before?.holder, before?.token ?? 0));
    if (handover?.term.process === event.process) onRelease(event, handover);
    const late = successionFault(history, event);
    if (late !== undefined) found(at, late);
  }
  return violations;

  /** A correction changes the token of a claim that was asked already. */
  function rootOf(holder: string | undefined, token: number): string {
    const key = stateKey(holder, token);
    return digest.roots.get(key) ?? key;
  }

  function wish({ id }: TermLog, to: string | undefined): void {
    wishes.set(id, (wishes.get(id) ?? new Set()).add(to));
  }

  function onHandover(event: Handover): void {
    const { term, to, at, lagMs } = event;
    handed.set(stateKey(term.holder, term.token), event);
    if (wishes.get(term.id)?.has(to)) return;
    const { priority, minTermMs } = term.tenure;
    const reasons = (asks.get(rootOf(term.holder, term.token)) ?? []).filter(({ by }) => by === (to ?? ""));
    const strongest = Math.max(...reasons.map((ask) => ask.priority));
    const beganAt = began.get(term.id) ?? 0;
    if (tamperedBetween(digest, 0, at, ["operator-restore"])) return;
    if (reasons.length === 0) found(at, `${nameOf(term)} hands over to ${to}, who never asked`);
    else if (strongest < OPERATOR_PRIORITY && strongest <= priority) {
      found(at, `${nameOf(term)} (priority ${priority}) hands over to ${to} (priority ${strongest})`);
    } else if (strongest < OPERATOR_PRIORITY) {
      const led = (at + lagMs - beganAt) * (1 + history.timing.clockDriftRatio) + HAIR_MS;
      if (led < minTermMs)
        found(at, `${nameOf(term)} hands over after ${Math.round(led)} of ${minTermMs} ms`);
    }
  }

  function onRelease({ at, after }: Executed, { term, to }: Handover): void {
    const { reserveForMs, holdAtLeastMs } = term.tenure;
    const { reservedFor } = after ?? {};
    // What the leader wants itself goes before what it was asked for; and to itself it need not be kept.
    if (wishes.has(term.id) || to === term.holder) return;
    if (to === undefined || reserveForMs === 0 || reservedFor === to) return;
    if (holdAtLeastMs > 0 && reservedFor === "") return;
    found(at, `${nameOf(term)} was to hand over to ${to} and is released for ${reservedFor ?? "anyone"}`);
  }
};

/** Whether candidates crash and nothing else goes wrong. */
function isQuiet({ faults }: History): boolean {
  return [...faults.keys()].every((kind) => kind === "crash" || kind === "restart");
}

/** What is wrong where a leader that was asked, has reason to accept that, and renews, was not told of it in time. */
function deafness(history: History, { at, after }: Executed): string | undefined {
  if (!isQuiet(history)) return undefined;
  const isIt = (term: TermLog): boolean => term.holder === after?.holder && term.token === after.token;
  const began = history.events.find((event) => event.kind === "began" && isIt(event.term));
  if (began?.kind !== "began") return undefined;
  const { tenure, process } = began.term;
  const { requestedPriority = 0 } = after ?? {};
  const operator = requestedPriority >= OPERATOR_PRIORITY;
  if (!operator && requestedPriority <= tenure.priority) return undefined;
  const settled = operator
    ? at
    : Math.max(at, began.at + tenure.minTermMs * (1 + history.timing.clockDriftRatio));
  const until = settled + history.timing.renewIntervalMs + REQUESTS_MS;
  const heard = history.events.some((event) => {
    if (event.at < began.at || event.at > until) return false;
    if (event.kind === "crashed") return event.process === process;
    if (event.kind === "sent") return event.write?.kind === "release" && event.process === process;
    return (event.kind === "handover" || event.kind === "release-asked") && isIt(event.term);
  });
  if (heard || until > history.endedAt) return undefined;
  return `${nameOf(began.term)} was asked with priority ${requestedPriority} and did not accept it`;
}

/** What is wrong with the time that it took until somebody followed a release, where that can be said. */
function successionFault(history: History, { at, after, write }: Executed): string | undefined {
  if (!isQuiet(history)) return undefined;
  const { retryIntervalMs, graceMs, serviceClockErrorMs } = history.timing;
  const waiting = waitingAt(history, at);
  const { reservedFor, durationMs = 0 } = after ?? {};
  const reserveMs = reservedFor === undefined ? 0 : durationMs;
  const heir = reservedFor !== undefined && waiting.has(reservedFor);
  const others = reservedFor === undefined && waiting.size > 0;
  const lapse = reserveMs + graceMs + 1_000 + serviceClockErrorMs;
  const within = retryIntervalMs + REQUESTS_MS + (heir || others ? 0 : lapse);
  if (waiting.size === 0 || at + within > history.endedAt) return undefined;
  // Those who wait must still do so until then.
  const until = history.events.filter((event) => event.at > at && event.at <= at + within);
  if (until.some((event) => event.kind === "executed" && event.write.beginsTerm && event.after !== undefined))
    return undefined;
  const stays = waitingAt(history, at + within);
  const stayed = [...waiting].filter(([id, since]) => stays.get(id) === since).map(([id]) => id);
  const counts = heir ? stayed.includes(reservedFor) : stayed.length > 0;
  return counts
    ? `nobody followed the release of token ${write.expects.token} within ${within} ms`
    : undefined;
}

/** Who stands by at an instant, looking once per interval, and by which operation. */
function waitingAt({ events }: History, at: number): Map<string, number> {
  const waiting = new Map<string, number>();
  const names = new Map<string, { readonly id: string; readonly operation: number }>();
  const operations = new Map<number, string>();
  for (const event of events) {
    if (event.at > at) break;
    if (event.kind === "stands") {
      names.set(event.process, event);
      operations.set(event.operation, event.id);
      waiting.set(event.id, event.operation);
    }
    // One that has led pauses before it looks again.
    const gone = event.kind === "crashed" ? names.get(event.process) : undefined;
    if (gone !== undefined) waiting.delete(gone.id);
    if (event.kind === "operation-ended" || event.kind === "elected") {
      const id = operations.get(event.operation);
      if (id !== undefined) waiting.delete(id);
    }
  }
  return waiting;
}
