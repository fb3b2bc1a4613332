import { type Colors, count, problemLines, seconds, tableLines } from "../../local/harness/screen.ts";
import type { Summary } from "./judge.ts";

const MOST_VIOLATIONS = 20;

/** Says what came of a run, for people. */
export function summaryLines(summary: Summary, colors: Colors): string[] {
  const { writes, faults, violations, neverInjected, leftOut } = summary;
  const { byHandover, byAffinity, resumed } = summary.successions;
  const total = Object.values(faults).reduce((sum, times) => sum + times, 0);
  const rows: readonly (readonly [string, string])[] = [
    ["tortured", `${summary.candidates} candidates for ${lengthOf(summary.tortureMs)} on ${summary.engine}`],
    ["terms", `${summary.terms}, of which ${summary.takeovers} by takeover`],
    ["  kept for the next leader", `${byHandover} by hand-over, ${byAffinity} by affinity`],
    ["  gone on with by a new process", `${resumed}, under its stable id`],
    ["lease writes", `${writes.leaseAccepted} accepted, ${writes.leaseRefused} refused`],
    ["  of them late or repeated", `${writes.lateAccepted} accepted, ${writes.lateRefused} refused`],
    ["invoices numbered", `${writes.numbersGiven} of ${summary.invoices}`],
    ["stale writes rejected", `${writes.staleRejected}`],
    ["longest without a leader", seconds(summary.longestWithoutLeaderMs)],
    ["all done after faults stopped", seconds(summary.recoveryMs)],
    ["faults injected", `${total}`],
  ];
  const { group } = summary;
  const lines = ["", ...tableLines(rows), "", ...faultLines(faults)];
  lines.push("", ...tableLines(groupRows(group)), "", ...faultLines(group.faults));
  for (const kind of leftOut) lines.push(colors.yellow(`left out: ${kind}; libfaketime is not installed`));
  for (const kind of neverInjected) lines.push(colors.yellow(`never injected: ${kind}`));
  lines.push("");
  for (const line of problemLines(violations, "VIOLATION ", MOST_VIOLATIONS)) lines.push(colors.red(line));
  for (const claim of summary.checked) {
    const broken = violations.some((what) => what.startsWith(`${claim}: `));
    lines.push(broken ? colors.red(`broken  ${claim}`) : colors.green(`held    ${claim}`));
  }
  lines.push("", summary.ok ? colors.green(`No violation. Seed ${summary.seed}.`) : failure(summary, colors));
  return lines;
}

function failure({ violations, neverInjected, seed }: Summary, colors: Colors): string {
  const why =
    violations.length > 0
      ? count(violations.length, "violation")
      : `${neverInjected.length} kinds of faults that are claimed were never injected`;
  return colors.red(`${why}. Seed ${seed}.`);
}

/** What came of the workers. */
function groupRows(group: Summary["group"]): (readonly [string, string])[] {
  const { writes, shares } = group;
  const total = Object.values(group.faults).reduce((sum, times) => sum + times, 0);
  const after = (ms: number | undefined): string => (ms === undefined ? "never" : seconds(ms));
  return [
    ["beside them", `${group.workers} workers, ${group.shards} shards, ${group.permits} permits`],
    ["terms of shards", `${group.shardTerms}, of which ${group.takeovers} by takeover`],
    ["terms of permits", `${group.permitTerms}, at most ${group.permitsTogether} at once`],
    [
      "sessions",
      `${group.sessions}, of which ${writes.buried} ended by others; ${group.sessionsLeft} left to run out`,
    ],
    ["session writes", `${writes.sessionAccepted} accepted, ${writes.sessionRefused} refused`],
    ["shard and permit writes", `${writes.shardAccepted} accepted, ${writes.shardRefused} refused`],
    ["  of both late or repeated", `${writes.lateAccepted} accepted, ${writes.lateRefused} refused`],
    ["requests for shards", `${writes.requested}, and ${writes.rung} to look`],
    ["journal entries", `${writes.entries}`],
    ["stale entries rejected", `${writes.staleRejected}`],
    ["longest without a leader of a shard", seconds(group.longestWithoutLeaderMs)],
    ["all led after faults stopped", after(group.ledMs)],
    ["all shared after faults stopped", `${after(group.sharedMs)}: ${Object.values(shares).join(", ")}`],
    [
      "requests a worker and second",
      `${group.requestsInCalm} in calm, ${group.requestsInStorm} in the storm`,
    ],
    ["most of a budget used", `${Math.round(100 * group.mostOfBudget)} %`],
    ["faults injected", `${total}`],
  ];
}

/** The faults in three columns. */
function faultLines(faults: Summary["faults"]): string[] {
  const cells = Object.entries(faults).map(([kind, times]) => `${String(times).padStart(6)} ${kind}`);
  const height = Math.ceil(cells.length / 3);
  return Array.from({ length: height }, (_, row) =>
    [0, 1, 2]
      .map((column) => (cells[column * height + row] ?? "").padEnd(30))
      .join("")
      .trimEnd(),
  );
}

function lengthOf(ms: number): string {
  return ms < 120_000 ? seconds(ms) : `${(ms / 60_000).toFixed(1)} min`;
}
