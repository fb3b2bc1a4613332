import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import { addressOf } from "../address.ts";
import { nameOf } from "../checks/claims.ts";
import type { History, HistoryEvent, TermLog, Violation } from "../history.ts";

/** Tells a history line by line: when, who, what. Violations stand where they were found. */
export function timelineOf(history: History, violations: readonly Violation[]): string[] {
  const lines: string[] = [];
  const pending = [...violations].sort((a, b) => a.at - b.at);
  const brief = (epoch: number | undefined): string =>
    epoch === undefined ? "-" : ((epoch - history.epochMs) / 1_000).toFixed(3);
  const put = (at: number, who: string, what: string): void => {
    lines.push(`${(at / 1_000).toFixed(3).padStart(9)}  ${who.padEnd(14)}  ${what}`);
  };
  for (const event of history.events) {
    while (pending[0] !== undefined && pending[0].at < event.at) {
      const { at, by, message } = pending.shift() as Violation;
      put(at, "*** VIOLATION", `${by}: ${message}`);
    }
    const [who, what] = tell(event, brief);
    if (what !== "") put(event.at, who, `${what}${aheadText(event)}`);
  }
  for (const { at, by, message } of pending) put(at, "*** VIOLATION", `${by}: ${message}`);
  return lines;
}

/** A process that stalls within an event is further than the world: what it does then, it does that much later. */
function aheadText(event: HistoryEvent): string {
  const { lagMs = 0 } = "lagMs" in event ? event : {};
  return lagMs === 0 ? "" : ` (stalled: ${(lagMs / 1_000).toFixed(3)} s from now)`;
}

type Brief = (epoch: number | undefined) => string;

function tell(event: HistoryEvent, brief: Brief): readonly [string, string] {
  switch (event.kind) {
    case "joined":
      return [event.process, `joins; its wall clock is ${event.wallErrorMs} ms off`];
    case "paused":
      return [event.process, `pauses (${event.how})`];
    case "thawed":
      return [event.process, "runs on"];
    case "crashed":
      return [event.process, "crashes"];
    case "wall-stepped":
      return [event.process, `its wall clock steps by ${event.byMs} ms`];
    case "operation":
      return [
        event.process,
        `calls ${event.what}${event.tick === undefined ? "" : ` for tick ${event.tick}`}`,
      ];
    case "operation-ended":
      return [event.process, `its call comes to: ${event.end}`];
    case "sent":
      return [
        event.process,
        `sends #${event.request} ${event.write === undefined ? `${event.listing ? "listing" : "read"}${event.of === undefined ? "" : ` ${event.of}`}` : writeText(event.write, brief)}`,
      ];
    case "answered":
      return [event.process, `learns of #${event.request}: ${event.answer}${event.dated ? "" : ", no Date"}`];
    case "executed":
      return ["table", `${executedText(event)} ${recordText(event.after ?? event.before, brief)}`];
    case "row":
      return [event.by, `leaves ${recordText(event.after, brief)}`];
    case "auxiliary":
      return ["table", `${executedText(event)} ${event.write.row} until ${brief(event.after?.expiresAt)}`];
    case "stands":
      return [event.process, `stands as ${event.id}`];
    case "labelled":
      return [event.host, `shares "${event.affinity}" with others`];
    case "notified":
      return [event.process, "is notified that the lease may be free"];
    case "elected":
      return [event.process, `its listener hears that it is elected with token ${brief(event.token)}`];
    case "lost":
      return [event.process, `its listener hears that it lost: ${event.end.reason}`];
    case "listed":
      return [event.process, `is told who stands: ${event.ids.join(", ")}`];
    case "worker-joined":
    case "worker-leaving":
    case "worker-left":
    case "waits":
    case "waited":
    case "shards-are":
    case "at-rest":
      return groupText(event);
    case "surprise":
      return [event.process, `SURPRISE ${event.error}`];
    case "faults-stopped":
      return ["world", `faults stop${event.left.length === 0 ? ", all candidates are dead" : ""}`];
    default:
      return termText(event, brief);
  }
}

type GroupEvent = Extract<
  HistoryEvent,
  { readonly kind: `worker-${string}` | "waits" | "waited" | "shards-are" | "at-rest" }
>;

function groupText(event: GroupEvent): readonly [string, string] {
  switch (event.kind) {
    case "worker-joined": {
      const { id, weight, maxShards } = event.member;
      return [event.process, `takes part as ${id} (weight ${weight}, at most ${maxShards})`];
    }
    case "worker-leaving":
      return [event.process, "is to leave"];
    case "worker-left":
      return [event.process, "has left"];
    case "waits":
      return [event.process, `waits for ${event.lease} from now on`];
    case "waited":
      return [event.process, `waits for ${event.lease} no more`];
    case "shards-are":
      return ["world", `the shards are ${event.shards.join(", ")}`];
    case "at-rest":
      return ["world", "should be at rest by now"];
    default:
      return event satisfies never;
  }
}

type TermEvent = Extract<HistoryEvent, { readonly term: TermLog }>;

function termText(event: TermEvent, brief: Brief): readonly [string, string] {
  const { term } = event;
  const token = brief(term.token);
  switch (event.kind) {
    case "began": {
      const { shard, session } = term;
      const what = shard === undefined ? "" : ` ${shard} (session ${brief(session?.token)})`;
      return [term.process, `LEADS${what} with token ${token} as ${term.holder}`];
    }
    case "work-over":
      return [term.process, `its work of ${term.lease} is over: it ${event.how}`];
    case "asked":
      return [
        term.process,
        `${event.held ? "still leads" : "does not lead any more"}${term.shard === undefined ? "" : ` ${term.shard}`} (token ${token}, asked: ${event.because})`,
      ];
    case "heard":
      return event.aborted ? ["", ""] : [term.process, `has not heard that token ${token} is over`];
    case "work-done":
      return [term.process, `has done its work for ${term.tick}`];
    case "release-asked":
      return [term.process, `releases token ${token}${event.completed ? "" : ", not completed"}`];
    case "release-answered":
      return [term.process, `learns of its release: ${event.result}`];
    case "step-down-asked":
      return [term.process, `wants to hand token ${token} over to ${event.to ?? "anyone"}`];
    case "handover":
      return [term.process, `is told to hand token ${token} over to ${event.to ?? "anyone"}`];
    case "ended":
      return [
        term.process,
        `ends token ${token}: ${event.end === undefined ? "still held" : JSON.stringify(event.end)}`,
      ];
    case "fenced":
      return [event.by, `${event.accepted ? "accepts" : "REFUSES"} a write of ${nameOf(term)} = ${token}`];
    default:
      return event satisfies never;
  }
}

function executedText({
  request,
  copy,
  after,
  process,
}: Extract<HistoryEvent, { kind: "executed" | "auxiliary" }>): string {
  return `${after === undefined ? "refuses" : "executes"} #${request}${copy ? " (a copy)" : ""} of ${process}:`;
}

function writeText(write: LeaseWrite, brief: Brief): string {
  const { kind, row, expects, set } = write;
  const wants = Object.entries(expects).map(
    ([name, value]) =>
      `${name}=${name.startsWith("token") ? brief(value as number) : typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  const makes = [
    ...(set.token === undefined ? [] : [`token ${brief(set.token)}`]),
    ...(set.expiresAt === undefined ? [] : [`until ${brief(set.expiresAt)}`]),
    ...(set.reservedFor === undefined ? [] : [`reserved for "${set.reservedFor}" for ${set.durationMs} ms`]),
    ...(set.requestedBy === undefined ? [] : [`asked by ${set.requestedBy} (${set.requestedPriority})`]),
    ...(set.tick === undefined ? [] : [`tick ${set.tick}`]),
  ];
  const of = row === undefined ? "" : ` ${addressOf(write)}`;
  return `${kind}${of} if ${wants.join(", ")}${makes.length > 0 ? `: ${makes.join(", ")}` : ""}`;
}

function recordText(record: LeaseRecord | undefined, brief: Brief): string {
  if (record === undefined) return "no row";
  const { holder, token, revision, expiresAt, reservedFor, requestedBy, lockDelayMs, row } = record;
  const of = row === undefined ? "" : `${addressOf(record)}: `;
  const until = expiresAt === undefined ? "" : ` until ${brief(expiresAt)}`;
  const kept = reservedFor === undefined ? "vacant" : `reserved for "${reservedFor}"${until}`;
  const asked = requestedBy === undefined ? "" : `, asked by "${requestedBy}"`;
  const later = lockDelayMs === undefined ? "" : `, ${lockDelayMs} ms of it a delay`;
  const whose = holder === undefined ? kept : `held by ${holder}${until}${later}${asked}`;
  return `${of}revision ${revision}, token ${brief(token)}, ${whose}`;
}
