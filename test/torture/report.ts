import Table from "cli-table3";
import type { Colors } from "../../local/play/account.ts";
import type { Verdict } from "./verdict.ts";

const MOST_VIOLATIONS = 20;

/** Says what came of a run, for people. */
export function summaryLines(verdict: Verdict, colors: Colors): string[] {
  const { writes, faults, violations, neverInjected, leftOut } = verdict;
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const rows: readonly (readonly [string, string])[] = [
    ["tortured", `${verdict.candidates} candidates for ${minutes(verdict.tortureMs)} on ${verdict.engine}`],
    ["terms", `${verdict.terms}, of which ${verdict.takeovers} by takeover`],
    ["lease writes", `${writes.leaseAccepted} accepted, ${writes.leaseRefused} refused`],
    ["  of them late or repeated", `${writes.lateAccepted} accepted, ${writes.lateRefused} refused`],
    ["invoices numbered", `${writes.numbersGiven} of ${verdict.invoices}`],
    ["stale writes rejected", `${writes.staleRejected}`],
    ["longest without a leader", seconds(verdict.longestWithoutLeaderMs)],
    ["all done after faults stopped", seconds(verdict.recoveryMs)],
    ["faults injected", `${total}`],
  ];
  const lines = ["", ...tableOf(rows), "", ...faultLines(faults)];
  for (const kind of leftOut) lines.push(colors.yellow(`left out: ${kind}; libfaketime is not installed`));
  for (const kind of neverInjected) lines.push(colors.yellow(`never injected: ${kind}`));
  lines.push("");
  for (const what of violations.slice(0, MOST_VIOLATIONS)) lines.push(colors.red(`VIOLATION ${what}`));
  if (violations.length > MOST_VIOLATIONS) {
    lines.push(colors.red(`and ${violations.length - MOST_VIOLATIONS} more`));
  }
  for (const claim of verdict.checked) {
    const broken = violations.some((what) => what.startsWith(`${claim}: `));
    lines.push(broken ? colors.red(`broken  ${claim}`) : colors.green(`held    ${claim}`));
  }
  lines.push("", verdict.ok ? colors.green(`No violation. Seed ${verdict.seed}.`) : failure(verdict, colors));
  return lines;
}

function failure({ violations, neverInjected, seed }: Verdict, colors: Colors): string {
  const why =
    violations.length > 0
      ? `${violations.length} violation${violations.length === 1 ? "" : "s"}`
      : `${neverInjected.length} kinds of faults that are claimed were never injected`;
  return colors.red(`${why}. Seed ${seed}.`);
}

/** The faults in three columns. */
function faultLines(faults: Verdict["faults"]): string[] {
  const cells = Object.entries(faults).map(([kind, count]) => `${String(count).padStart(6)} ${kind}`);
  const height = Math.ceil(cells.length / 3);
  return Array.from({ length: height }, (_, row) =>
    [0, 1, 2]
      .map((column) => (cells[column * height + row] ?? "").padEnd(30))
      .join("")
      .trimEnd(),
  );
}

function tableOf(rows: readonly (readonly [string, string])[]): string[] {
  const none =
    "top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right,left,left-mid,mid,mid-mid,right,right-mid,middle";
  const chars = Object.fromEntries(none.split(",").map((part) => [part, ""]));
  const style = { "padding-left": 0, "padding-right": 2, head: [], border: [] };
  const table = new Table({ chars, style });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split("\n");
}

/** A length of time in seconds, to the tenth. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function minutes(ms: number): string {
  return ms < 120_000 ? seconds(ms) : `${(ms / 60_000).toFixed(1)} min`;
}
