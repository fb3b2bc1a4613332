import type { Checker, HistoryEvent, Violation } from "../history.ts";

/** How long it takes at most, in a calm world, until a candidate's own first request has led to its entry. */
const ENTERS_WITHIN_MS = 300;

/**
 * Who asks who stands is told of nobody who never entered; and, where nothing goes wrong, of everybody who has stood
 * for a moment, and of nobody who has left.
 */
export const listing: Checker = ({ events, calm }) => {
  const violations: Violation[] = [];
  const entered = new Set<string>();
  const idOf = new Map<string, string>();
  const leading = new Set<string>();
  const gone = new Map<string, number>();
  const complaints = new Map<number, Violation>();
  const standing = new Map<number, { readonly id: string; readonly since: number }>();
  for (const event of events) {
    if (event.kind === "auxiliary" && event.after?.holder !== undefined) entered.add(event.after.holder);
    if (event.kind === "stands") {
      standing.set(event.operation, { id: event.id, since: event.at });
      idOf.set(event.process, event.id);
      gone.delete(event.id);
    }
    if (event.kind === "elected") leading.add(event.process);
    if (event.kind === "lost") leave(event.process, event.at);
    if (event.kind === "operation-ended") {
      const stood = standing.delete(event.operation);
      if (stood && !leading.has(event.process)) leave(event.process, event.at);
      // Who is about to go has left the list before.
      const early = complaints.get(event.operation);
      if (early !== undefined && event.at < early.at + ENTERS_WITHIN_MS) complaints.delete(event.operation);
    }
    if (event.kind === "listed") onListed(event);
  }
  return [...violations, ...complaints.values()];

  function onListed({ at, process, ids }: Extract<HistoryEvent, { kind: "listed" }>): void {
    const invented = ids.find((id) => !entered.has(id));
    if (invented !== undefined) found(at, `${process} is told of ${invented}, who never stood`);
    if (!calm) return;
    // Who has led in a run goes on standing after it.
    const ghost = ids.find((id) => (gone.get(id) ?? at) < at - ENTERS_WITHIN_MS);
    if (ghost !== undefined) found(at, `${process} is told of ${ghost}, who does not stand`);
    for (const [operation, { id, since }] of standing) {
      if (since + ENTERS_WITHIN_MS >= at || ids.includes(id) || complaints.has(operation)) continue;
      complaints.set(operation, { by: "listing", at, message: `${process} is not told of ${id}` });
    }
  }

  function leave(process: string, at: number): void {
    leading.delete(process);
    const id = idOf.get(process) ?? "";
    if (![...standing.values()].some((one) => one.id === id)) gone.set(id, at);
  }

  function found(at: number, message: string): void {
    violations.push({ by: "listing", at, message });
  }
};
