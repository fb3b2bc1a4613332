import type { Checker, HistoryEvent, Violation } from "../history.ts";
import { digestOf, nameOf, stateKey } from "./claims.ts";

/**
 * A candidate is told the truth about its claim: nobody is told that it leads whose claim was never executed;
 * nobody is refused, or told that nobody can say, while the row is held by the very claim that it made and was
 * answered about.
 */
export const toldTheTruth: Checker = (history) => {
  const violations: Violation[] = [];
  const digest = digestOf(history);
  const operationOf = new Map<string, number>();
  const settled = new Map<number, boolean>();
  const abandons = new Map<number, number>();
  const spared = new Map<number, boolean>();
  const rows = new Map<string, string | undefined>();
  const found = (at: number, message: string): void => {
    violations.push({ by: "outcomes", at, message });
  };
  for (const event of history.events) {
    if (event.kind === "began" && !digest.states.has(stateKey(event.term.holder, event.term.token))) {
      found(event.at, `${nameOf(event.term)} leads by a claim that was never executed`);
    }
    if (event.kind === "sent" && event.write !== undefined) noteSent(event);
    if (event.kind === "answered") {
      const operation = abandons.get(event.request);
      if (operation !== undefined)
        settled.set(operation, event.answer === "written" || event.answer === "refused");
    }
    if (event.kind === "executed" && event.write.kind === "abandon") {
      const operation = abandons.get(event.request);
      // A claim that arrives only after it was abandoned cannot be helped.
      if (operation !== undefined && event.after === undefined) spared.set(operation, isMine(operation));
    }
    if (event.kind === "executed" && event.after !== undefined && event.write.kind !== "request") {
      // Only a row that the candidate's own claim made, and nothing of its own since, was left behind.
      const own = event.write.beginsTerm || event.write.kind === "correct" || event.write.kind === "resume";
      rows.set(event.write.name, own && !event.copy ? event.write.writeId : undefined);
    }
    if (event.kind === "row") rows.set(event.lease, undefined);
    if (event.kind === "operation-ended") onEnd(event);
  }
  return violations;

  function noteSent({ write, operation, request }: Extract<HistoryEvent, { kind: "sent" }>): void {
    if (write === undefined || operation <= 0) return;
    if (write.kind === "abandon") {
      // Each counts for itself: the last one that was sent, and answered, is the one that left nothing behind.
      abandons.set(request, operation);
      settled.set(operation, false);
      spared.set(operation, false);
    } else operationOf.set(write.writeId, operation);
  }

  function isMine(operation: number): boolean {
    return [...rows.values()].some(
      (writeId) => writeId !== undefined && operationOf.get(writeId) === operation,
    );
  }

  function onEnd({ operation, end, at }: Extract<HistoryEvent, { kind: "operation-ended" }>): void {
    const mine = [...rows.values()].some(
      (writeId) => writeId !== undefined && operationOf.get(writeId) === operation,
    );
    if (!mine) return;
    if (end === "refused" || end === "tick-done")
      found(at, `operation ${operation} was refused and holds the row`);
    if (end === "unavailable" && settled.get(operation) === true && spared.get(operation) === true) {
      found(at, `operation ${operation} gave up, was answered, and holds the row all the same`);
    }
  }
};
