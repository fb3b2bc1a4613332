import type { Checker, HistoryEvent, Violation } from "../history.ts";
import { STABLE } from "../world/tenure.ts";
import { begunOf, digestOf, nameOf, stateKey, tamperedSince } from "./claims.ts";

type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/**
 * I4: no write of one candidate ends, extends or alters another's term.
 *
 * A request to hand over changes nothing but itself, and reaches no term but the one that its sender saw.
 * Renewals, corrections, releases and what abandons a claim change only rows that a process of the same
 * name holds; a claim or take-over changes a row only when its holder, asked at that very moment, does not
 * believe to lead. No write is applied twice, however late its copy arrives, and none but a claim gives a
 * vacant row a holder. Terms whose row an operator took from under them are left out, as in I2, and so are
 * copies of writes once a row was deleted or overwritten: what refuses them went with it. One kind of copy is
 * known to land: that of a claim whose correction lowered the token that a fast clock had made, once its term
 * is released. Nobody leads by it, and it costs others one duration of waiting.
 */
export const ownTermOnly: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const applied = new Set<string>();
  const lowered = new Set<string>();
  const begunAt = new Map<string, number>();
  const sentAt = new Map<number, number>();
  const tampered = ({ at, write }: Executed): boolean =>
    digest.hands.some((hand) => hand.at <= at && hand.lease === write.name && hand.by !== "operator-release");
  const found = (at: number, message: string): void => {
    violations.push({ by: "I4-own-term-only", at, message });
  };
  for (const event of history.events) {
    if (event.kind === "sent") sentAt.set(event.request, event.at);
    if (event.kind === "asked" && event.because === "row" && event.held) {
      const begun = begunOf(digest, event.term);
      if (tamperedSince(digest, begun) > event.at) {
        found(event.at, `the row of ${nameOf(event.term)} was taken while it leads`);
      }
    }
    if (event.kind === "executed" && event.after !== undefined) {
      if (event.write.kind === "correct" && (event.before?.token ?? 0) > event.after.token) {
        lowered.add(event.before?.writeId ?? "");
      }
      // The same request for a hand-over may be made of one term after another.
      const applying =
        event.write.kind === "request"
          ? `${event.write.writeId} ${event.before?.token}`
          : event.write.writeId;
      const again = applied.has(applying) && !repeats(event);
      if (again && !lowered.has(applying) && !tampered(event)) {
        found(event.at, `a ${event.write.kind} of ${event.process} was applied twice`);
      }
      applied.add(applying);
      if (revives(event)) found(event.at, `a ${event.write.kind} of ${event.process} revived a vacant row`);
      if (event.write.kind === "request") onRequest(event);
      noteBeginning(event);
      const whose = strangerTouched(event);
      if (whose !== undefined) {
        found(event.at, `a ${event.write.kind} of ${event.process} changed the row of ${whose}`);
      }
    }
  }
  return violations;

  /** A request changes nothing else, and reaches only a term that its sender can have seen. */
  function onRequest(event: Executed): void {
    const changed = changedByAsk(event);
    if (changed !== undefined) found(event.at, `a request of ${event.process} changed ${changed} beside`);
    const since = begunAt.get(stateKey(event.before?.holder, event.before?.token ?? 0));
    const at = sentAt.get(event.request) ?? event.at;
    if (since === undefined || since <= at || tampered(event)) return;
    found(event.at, `a request of ${event.process} reached a term that began after it was sent`);
  }

  function noteBeginning({ write, after, at }: Executed): void {
    if (write.beginsTerm) begunAt.set(stateKey(after?.holder, after?.token ?? 0), at);
  }

  /** The holder whose term a write of somebody else's changed without beginning a term of its own. */
  function strangerTouched({ process, write, before }: Executed): string | undefined {
    const { holder } = before ?? {};
    if (write.beginsTerm || holder === undefined || write.kind === "request" || write.kind === "revoke")
      return undefined;
    // A stable id belongs to whatever process its host runs.
    if (holder.startsWith(STABLE))
      return process.startsWith(`${holder.slice(STABLE.length)}.`) ? undefined : holder;
    // Any other is a label, which names the process or its host, and a part that names the process.
    return holder.includes(`/${process}.`) ? undefined : holder;
  }
};

/** Whether a write that begins no term gave a vacant row a holder. */
function revives({ write, before, after }: Executed): boolean {
  return !write.beginsTerm && before?.holder === undefined && after?.holder !== undefined;
}

/** Whether an operator's request said again what stands on the record already. */
function repeats({ write, before, after }: Executed): boolean {
  const same =
    before?.requestedBy === after?.requestedBy && before?.requestedPriority === after?.requestedPriority;
  return write.kind === "request" && same;
}

/** What is wrong with what a request for a hand-over changed: nothing but that it was made. */
function changedByAsk({ before, after }: Executed): string | undefined {
  const were: Readonly<Record<string, unknown>> = {
    ...before,
    requestedBy: after?.requestedBy,
    requestedPriority: after?.requestedPriority,
  };
  const are: Readonly<Record<string, unknown>> = { ...after };
  return [...new Set([...Object.keys(were), ...Object.keys(are)])].find((name) => were[name] !== are[name]);
}
