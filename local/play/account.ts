import type picocolors from "picocolors";
import type { Outcome } from "../functions/environment.ts";
import { roleOf, type Run, worked } from "./journal.ts";
import type { Verdict } from "./verdict.ts";

/** Colours, or none. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** One thing that happened. */
export type Note =
  /** A run ended. */
  | { readonly kind: "settled"; readonly run: Run }
  /** A run led and has not ended. */
  | { readonly kind: "working"; readonly run: Run }
  /** A leader was killed or frozen in mid-work. */
  | { readonly kind: "struck"; readonly run: Run }
  /** An occurrence was delivered again, long after it was due. */
  | { readonly kind: "late"; readonly tick: string }
  /** A function that needs no leader failed; the event is tried again. */
  | { readonly kind: "failed"; readonly name: string; readonly outcome: Outcome }
  /** An event failed every attempt. */
  | { readonly kind: "gave-up"; readonly tick: string };

/** What happened between one tick and the next. */
export interface Chapter {
  /** Since the first tick, in s. */
  readonly atSeconds: number;
  /** The scheduled time. */
  readonly tick: string;
  readonly notes: readonly Note[];
  /** Token of a run that led. */
  readonly tokenOf: (run: Run) => number | undefined;
  /** Whether a run took the lease from a leader that had not released it. */
  readonly tookOver: (run: Run) => boolean;
}

/** One line that says who led a tick and what else happened meanwhile. */
export function chapterLine(chapter: Chapter, colors: Colors): string {
  const { atSeconds, tick, notes } = chapter;
  // Who leads comes first, in the order of time otherwise.
  const inOrder = [...notes].sort((a, b) => Number(leads(b)) - Number(leads(a)));
  const told = inOrder.flatMap((note) => tell(note, chapter, colors) ?? []);
  const followers = tellFollowers(notes, colors);
  const parts = [...told, ...(followers ? [followers] : [])];
  if (!notes.some(leads)) parts.unshift(colors.yellow("nobody led"));
  const time = colors.dim(`${atSeconds.toFixed(1).padStart(5)} s`);
  return `${time}  ${clock(tick)}  ${parts.join("; ")}`;
}

function leads(note: Note): boolean {
  return "run" in note && worked(note.run) && note.run.outcome?.kind !== "threw";
}

function tell(note: Note, chapter: Chapter, colors: Colors): string | undefined {
  switch (note.kind) {
    case "settled":
      return tellSettled(note.run, chapter, colors);
    case "working":
      return colors.green(`env ${note.run.invocation.environment} leads on`);
    case "struck": {
      const begun = `${leading(note.run, chapter)}, ${note.run.accepted} numbered`;
      return note.run.struck === "kill"
        ? colors.red(`${begun}, KILLED in mid-work`)
        : colors.magenta(`${begun}, FROZEN in mid-work`);
    }
    case "late":
      return colors.dim(`late duplicate of ${clock(note.tick)} came`);
    case "failed": {
      const { outcome } = note;
      const why = outcome.kind === "threw" ? outcome.error.message : outcome.kind;
      return colors.red(`${note.name} failed (${why})`);
    }
    case "gave-up":
      return colors.red(`event of ${clock(note.tick)} went to the dead-letter queue`);
    default:
      return note satisfies never;
  }
}

function tellSettled(run: Run, chapter: Chapter, colors: Colors): string | undefined {
  const role = roleOf(run);
  if (role.kind === "led") return colors.green(`${leading(run, chapter)}, ${role.numbered} numbered`);
  if (role.kind !== "broken" || run.struck === "kill") return undefined;
  const env = `env ${run.invocation.environment}`;
  if (run.struck === "freeze" && run.fenced > 0) {
    return colors.magenta(`${env} thawed, its stale write for ${clock(run.tick)} was REJECTED by the fence`);
  }
  return colors.red(`${env} failed (${role.why})`);
}

function leading(run: Run, { tokenOf, tookOver }: Chapter): string {
  const token = tokenOf(run);
  const by = token === undefined ? "" : ` with token ${token}`;
  return `env ${run.invocation.environment} ${tookOver(run) ? "took over" : "led"}${by}`;
}

function tellFollowers(notes: readonly Note[], colors: Colors): string {
  const reasons = new Map<string, number>();
  for (const note of notes) {
    const role = note.kind === "settled" ? roleOf(note.run) : undefined;
    if (role?.kind === "followed") reasons.set(role.reason, (reasons.get(role.reason) ?? 0) + 1);
  }
  const total = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return "";
  const why = [...reasons]
    .map(([reason, count]) => (reasons.size > 1 ? `${count} ${reason}` : reason))
    .join(", ");
  return colors.dim(`${total} followed (${why})`);
}

/** The time of day of an ISO-8601 time, to the minute. */
function clock(tick: string): string {
  return tick.slice(11, 16);
}

/** The summary at the end, a line a figure. */
export function summaryLines(verdict: Verdict, problems: readonly string[], colors: Colors): string[] {
  const [first, last] = [verdict.tokens[0], verdict.tokens.at(-1)];
  const rows: [label: string, value: string][] = [
    ["ticks", String(verdict.ticks)],
    ["invocations", `${verdict.invocations}: ${verdict.led} led, ${verdict.followed} followed`],
    [
      "leaders struck",
      `${verdict.crashed} crashed, ${verdict.frozen} frozen; ${verdict.takeovers} takeovers`,
    ],
    ["stale writes", `${verdict.staleWritesRejected} rejected by the fence`],
    ["tokens", first === undefined ? "none" : `${verdict.tokens.length}, from ${first} to ${last}`],
    ["invoices", `${verdict.invoices} received, ${verdict.numbered} numbered`],
    [
      "numbering",
      `gaps: ${verdict.gaps}, duplicates: ${verdict.duplicates}, overlapping runs: ${verdict.overlaps}`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, value]) => `  ${colors.dim(label.padEnd(width))}  ${value}`);
  const end = verdict.ok
    ? [colors.green(`OK: invoices 1 to ${verdict.numbered} are numbered without gap or duplicate.`)]
    : [colors.red("NOT OK:"), ...problems.map((problem) => colors.red(`  - ${problem}`))];
  return [...table, "", ...end];
}
