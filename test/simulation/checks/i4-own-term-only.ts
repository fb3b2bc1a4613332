import type { Checker, HistoryEvent, Violation } from "../history.ts";
import { begunOf, digestOf, nameOf, tamperedSince } from "./claims.ts";

type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/**
 * I4: no write of one candidate ends, extends or alters another's term.
 *
 * Renewals, corrections, releases and what abandons a claim change only rows that a process of the same
 * name holds; a claim or takeover changes a row only when its holder, asked at that very moment, does not
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
  const tampered = ({ at, write }: Executed): boolean =>
    digest.hands.some((hand) => hand.at <= at && hand.lease === write.name && hand.by !== "operator-release");
  const found = (at: number, message: string): void => {
    violations.push({ by: "I4-own-term-only", at, message });
  };
  for (const event of history.events) {
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
      if (applied.has(event.write.writeId) && !lowered.has(event.write.writeId) && !tampered(event)) {
        found(event.at, `a ${event.write.kind} of ${event.process} was applied twice`);
      }
      applied.add(event.write.writeId);
      if (revives(event)) found(event.at, `a ${event.write.kind} of ${event.process} revived a vacant row`);
      const whose = strangerTouched(event);
      if (whose !== undefined) {
        found(event.at, `a ${event.write.kind} of ${event.process} changed the row of ${whose}`);
      }
    }
  }
  return violations;
};

/** Whether a write that begins no term gave a vacant row a holder. */
function revives({ write, before, after }: Executed): boolean {
  return !write.beginsTerm && before?.holder === undefined && after?.holder !== undefined;
}

/** The holder whose term a write of somebody else's changed without beginning a term of its own. */
function strangerTouched({ process, write, before }: Executed): string | undefined {
  if (write.beginsTerm || before?.holder === undefined) return undefined;
  // A candidate's id is its label, which names the process or its host, and a part that names the process.
  return before.holder.includes(`/${process}.`) ? undefined : before.holder;
}
