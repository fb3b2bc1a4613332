import type { Checker, HistoryEvent, Violation } from "../history.ts";
import { digestOf, nameOf, tamperedBetween } from "./claims.ts";

type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/**
 * Occurrences of a schedule: one that the row records as done is not worked on again; it is recorded when the
 * work was done and not before (`until-success`), or by the claim (`at-most-once`); and nobody is refused for
 * an occurrence that was never recorded. Rows that an operator took away take their ticks along; so does TTL,
 * but not before `retentionMs`.
 */
export const ticksOnce: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const done = new Set<string>();
  const atMostOnce = new Set<string>();
  const recorded: { readonly tick: string; readonly at: number; readonly holder: string }[] = [];
  const wanted = new Map<number, string>();
  /**
   * Holders whose release was on its way before their work was done: a client that closes gives up the row, and the tick is led
   * again. What is sent once more because nobody answered says the same.
   */
  const parting = new Set<string>();
  // A claim that nobody was told of uses its occurrence up as well; nothing is lost if that is forgotten.
  const led = new Set(digest.terms.map(({ term }) => term.holder));
  const found = (at: number, message: string): void => {
    violations.push({ by: "ticks", at, message });
  };
  for (const event of history.events) {
    if (event.kind === "operation" && event.tick !== undefined) {
      wanted.set(event.operation, event.tick);
      if (event.atMostOnce) atMostOnce.add(event.tick);
    }
    if (event.kind === "work-done") done.add(event.term.holder);
    if (event.kind === "sent" && event.write?.kind === "release") {
      const { holder = "" } = event.write.expects;
      if (!done.has(holder)) parting.add(holder);
    }
    if (event.kind === "executed" && event.after !== undefined) onWrite(event);
    if (event.kind === "operation-ended" && event.end === "tick-done") {
      const tick = wanted.get(event.operation) ?? "";
      if (!recorded.some((one) => one.tick >= tick))
        found(event.at, `tick ${tick} was refused and never recorded`);
    }
  }
  for (const { term, claimedAt, toldAt } of digest.terms) {
    const { tick, holder } = term;
    if (tick === undefined) continue;
    const before = recorded.find(
      (one) => one.tick >= tick && one.at < claimedAt && one.holder !== holder && led.has(one.holder),
    );
    if (before === undefined) continue;
    if (tamperedBetween(digest, before.at, claimedAt, ["operator-delete", "operator-restore"])) continue;
    const forgets = claimedAt - before.at > history.timing.retentionMs;
    if (forgets && tamperedBetween(digest, before.at, claimedAt, ["ttl"])) continue;
    found(toldAt, `${nameOf(term)} leads for tick ${tick}, done by ${before.holder}`);
  }
  return violations;

  function onWrite({ write, before, after, at }: Executed): void {
    const record = write.beginsTerm ? after : before;
    const holder = record?.holder ?? "";
    const { tick } = write.set;
    if (tick !== undefined) {
      recorded.push({ tick, at, holder });
      const early = write.beginsTerm ? !atMostOnce.has(tick) : !done.has(holder) && !atMostOnce.has(tick);
      if (early)
        found(at, `tick ${tick} was recorded by a ${write.kind} of ${holder} before its work was done`);
    }
    const says = write.kind === "release" && !parting.has(holder);
    if (says && tick === undefined && done.has(holder)) {
      found(at, `${holder} did its work, and its release does not record the tick`);
    }
  }
};
