import type { FigureTable } from "../part.ts";
import type { Absent } from "./arena.ts";
import type { Lost, LostOutcome } from "./plays/lost.ts";
import { tableOf } from "./rows.ts";

/** What each does when the answer to its acquire is lost. */
export function lostTable(lost: readonly Lost[], absent: readonly Absent[]): FigureTable {
  const columns = ["acquire", "the connection ends", "the connection falls silent"];
  return tableOf(columns, lost, absent, ({ outcomes }) => cellsOf("acquire", outcomes));
}

/** What each does when the answer to its release is lost. */
export function releasedTable(lost: readonly Lost[], absent: readonly Absent[]): FigureTable {
  const columns = ["release", "the connection ends", "the connection falls silent"];
  return tableOf(columns, lost, absent, ({ outcomes }) => cellsOf("release", outcomes));
}

function cellsOf(of: "acquire" | "release", outcomes: readonly LostOutcome[]): string[] {
  return outcomes.filter((outcome) => outcome.of === of).map((outcome) => cellOf(of, outcome));
}

function cellOf(of: "acquire" | "release", { result, ms, requests, said, freeMs }: LostOutcome): string {
  const after = `${secondsOf(ms)}, ${requests} ${requests === 1 ? "request" : "requests"}`;
  const done = of === "acquire" ? `holds it after ${after}` : `says \`${said}\` after ${after}`;
  const failed = `fails after ${after} (${said.replaceAll("|", "/").replaceAll("\n", " ")})`;
  const none = `says nothing for ${after}`;
  return [{ done, failed, "no answer": none }[result], freeOf(freeMs)]
    .filter((part) => part !== "")
    .join("; ");
}

function freeOf(freeMs: number | undefined): string {
  if (freeMs === undefined) return "";
  if (Number.isNaN(freeMs)) return "then the next one waits in vain";
  return `then the next one has it in ${secondsOf(freeMs)}`;
}

function secondsOf(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
