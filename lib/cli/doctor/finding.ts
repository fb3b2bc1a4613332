import type { Output } from "../output.ts";
import { printable } from "../text.ts";

/** How grave a finding is: a fault keeps elections from being right or from happening at all. */
export type Level = "ok" | "note" | "warning" | "fault";

/** One thing that was looked at, as `--json` prints it. */
export interface Finding {
  /** What was looked at: `credentials`, `keys`, `clock` and so on. */
  readonly check: string;
  readonly level: Level;
  /** The lease that it is about; `null` for the table or the caller as a whole. */
  readonly lease: string | null;
  /** What was found, one sentence. */
  readonly says: string;
  /** What to do about it: a command, or a construct's property; `null` where nothing has to be done. */
  readonly fix: string | null;
}

/** Makes a finding about the table or the caller. */
export function finding(check: string, level: Level, says: string, fix: string | null = null): Finding {
  return { check, level, lease: null, says, fix };
}

/** Draws findings: a line each, and below it what to do. */
export function drawFindings({ colours }: Output, findings: readonly Finding[]): string {
  const paint = { ok: colours.green, note: colours.cyan, warning: colours.yellow, fault: colours.red };
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, level, says, fix }) => {
      const line = `${paint[level](level.padEnd(7))}  ${check.padEnd(width)}  ${printable(says)}`;
      return fix === null ? line : `${line}\n${" ".repeat(9)}${colours.dim("fix:")} ${printable(fix)}`;
    })
    .join("\n");
}
