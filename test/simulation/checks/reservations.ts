import type { Checker, History, TermLog, Violation } from "../history.ts";
import { digestOf, nameOf, stateKey } from "./claims.ts";
import { canBeProven, openingsOf } from "./proofs.ts";

/**
 * While a reservation can not be proven to be over, nobody begins a term but whom it is for, by id or by label; and the
 * release of a term that has an affinity keeps the lease for it, unless it hands over or its holder stepped down.
 */
export const reservations: Checker = (history) => [...trespasses(history), ...forgotten(history)];

function trespasses(history: History): Violation[] {
  const labels = labelsOf(history);
  return openingsOf(history).flatMap((opening) => {
    const { event, before, after } = opening;
    const { reservedFor } = before;
    if (reservedFor === undefined || before.holder !== undefined || reservedFor === after.holder) return [];
    const label = labels.get(event.process.slice(0, event.process.indexOf(".")));
    if (label !== undefined && reservedFor === `@${label}`) return [];
    if (canBeProven(history, opening, 0)) return [];
    const message = `${nameOf({ holder: after.holder ?? "", token: after.token })} took what is reserved for "${reservedFor}"`;
    return [{ by: "reservations" as const, at: event.at, message }];
  });
}

/** The label of each host whose processes led: a host has one for all its processes. */
function labelsOf(history: History): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const event of history.events) {
    if (event.kind === "labelled") labels.set(event.host, event.affinity);
  }
  return labels;
}

function forgotten(history: History): Violation[] {
  const terms = new Map<string, TermLog>();
  const handed = new Set<string>();
  const violations: Violation[] = [];
  for (const { term } of digestOf(history).terms) terms.set(stateKey(term.holder, term.token), term);
  for (const event of history.events) {
    if (event.kind === "handover" || event.kind === "step-down-asked") {
      handed.add(stateKey(event.term.holder, event.term.token));
    }
    if (event.kind !== "executed" || event.write.kind !== "release" || event.after === undefined) continue;
    const key = stateKey(event.before?.holder, event.before?.token ?? 0);
    const term = terms.get(key);
    // A stable id's earlier process may not have been told what the later one was.
    if (term?.tenure.affinity === undefined || handed.has(key) || term.tenure.stable) continue;
    const { reservedFor, durationMs } = event.after;
    if (reservedFor === `@${term.tenure.affinity}` && durationMs === term.tenure.affinityMs) continue;
    const message = `${nameOf(term)} was released for ${reservedFor ?? "anyone"}, not for "@${term.tenure.affinity}"`;
    violations.push({ by: "reservations", at: event.at, message });
  }
  return violations;
}
