import type { Outcome } from "../functions/environment.ts";
import { type Colors, problemLines, seconds, tableLines, wrapParts } from "../harness/screen.ts";
import { resultOf, type Run, worked } from "./journal.ts";
import type { Summary } from "./judge.ts";

/** Most problems that are told one by one: the figures are told before them. */
const MOST_PROBLEMS = 8;

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
export interface TickReport {
  /** Since the first tick, in ms. */
  readonly atMs: number;
  /** The scheduled time. */
  readonly tick: string;
  readonly notes: readonly Note[];
  /** A leader that was struck and that nobody has followed yet. */
  readonly unfollowed: Run | undefined;
  /** Token of a run that led. */
  readonly tokenOf: (run: Run) => number | undefined;
  /** Whether a run took the lease from a leader that had not released it. */
  readonly tookOver: (run: Run) => boolean;
}

/** Says, at the moment when a leader is struck, what that means for the others: for up to `recoveryMs`. */
export function strikeLine(atMs: number, run: Run, recoveryMs: number, colors: Colors): string {
  const killed = run.struck === "kill";
  const what = killed
    ? "KILLED in mid-work. It released nothing"
    : "FROZEN in mid-work, a write of it on its way. It neither renews nor releases";
  const means = `nobody can lead until its lease has run out, which takes up to ${seconds(recoveryMs)}`;
  const told = `env ${run.invocation.environment} is ${what}: ${means}`;
  const start = startOf({ atMs, tick: run.tick }, colors);
  return wrapParts(start, [killed ? colors.red(told) : colors.magenta(told)]);
}

function startOf({ atMs, tick }: Pick<TickReport, "atMs" | "tick">, colors: Colors): string {
  return `${colors.dim(seconds(atMs).padStart(7))}  ${clock(tick)}  `;
}

/** Says who led a tick and what else happened meanwhile. */
export function tickLine(report: TickReport, colors: Colors): string {
  const { notes } = report;
  // Who leads comes first, in the order of time otherwise.
  const inOrder = [...notes].sort((a, b) => Number(leads(b)) - Number(leads(a)));
  const parts = inOrder.flatMap((note) => tell(note, report, colors) ?? []);
  if (!notes.some(leads)) parts.unshift(colors.yellow(`nobody led${reasonOf(report)}`));
  const followers = tellFollowers(notes, colors);
  if (followers !== undefined) parts.push(followers);
  return wrapParts(startOf(report, colors), parts);
}

function reasonOf({ unfollowed }: TickReport): string {
  if (unfollowed === undefined) return "";
  const { invocation, struck } = unfollowed;
  return `: env ${invocation.environment} was ${struck === "kill" ? "killed" : "frozen"}, its lease has to run out first`;
}

function leads(note: Note): boolean {
  return "run" in note && worked(note.run) && note.run.outcome?.kind !== "threw";
}

function tell(note: Note, report: TickReport, colors: Colors): string | undefined {
  switch (note.kind) {
    case "settled":
      return tellSettled(note.run, report, colors);
    case "working":
      return colors.green(`env ${note.run.invocation.environment} leads on`);
    case "struck": {
      const begun = `${leading(note.run, report)}, ${note.run.accepted} numbered`;
      return note.run.struck === "kill"
        ? colors.red(`${begun}, was killed`)
        : colors.magenta(`${begun}, was frozen`);
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

function tellSettled(run: Run, report: TickReport, colors: Colors): string | undefined {
  const result = resultOf(run);
  if (result.kind === "led") return colors.green(`${leading(run, report)}, ${result.numbered} numbered`);
  if (result.kind !== "broken" || run.struck === "kill") return undefined;
  const env = `env ${run.invocation.environment}`;
  if (run.struck === "freeze" && run.fenced > 0) {
    return colors.magenta(`${env} thawed, its stale write for ${clock(run.tick)} was REJECTED by the fence`);
  }
  return colors.red(`${env} failed (${result.why})`);
}

function leading(run: Run, { tokenOf, tookOver }: TickReport): string {
  const token = tokenOf(run);
  const by = token === undefined ? "" : ` with token ${token}`;
  return `env ${run.invocation.environment} ${tookOver(run) ? "took over" : "led"}${by}`;
}

function tellFollowers(notes: readonly Note[], colors: Colors): string | undefined {
  const results = notes.flatMap((note) => (note.kind === "settled" ? resultOf(note.run) : []));
  const followed = results.filter((result) => result.kind === "followed");
  if (followed.length === 0) return undefined;
  const reasons = [...Map.groupBy(followed, ({ reason }) => reason)];
  const why = reasons.map(([reason, { length }]) => (reasons.length > 1 ? `${length} ${reason}` : reason));
  return colors.dim(`${followed.length} followed (${why.join(", ")})`);
}

/** The time of day of an ISO-8601 time, to the minute. */
function clock(tick: string): string {
  return tick.slice(11, 16);
}

/** The summary at the end, a line a figure. */
export function summaryLines(summary: Summary, problems: readonly string[], colors: Colors): string[] {
  const { tokens, crashed, frozen, takeovers, gaps, duplicates, overlaps } = summary;
  const range = tokens.length === 0 ? "none" : `${tokens.length}, from ${tokens[0]} to ${tokens.at(-1)}`;
  const table = tableLines([
    ["  ticks", String(summary.ticks)],
    ["  invocations", `${summary.invocations}: ${summary.led} led, ${summary.followed} followed`],
    ["  leaders struck", `${crashed} crashed, ${frozen} frozen; ${takeovers} takeovers`],
    ["  stale writes", `${summary.staleWritesRejected} rejected by the fence`],
    ["  tokens", range],
    ["  invoices", `${summary.invoices} received, ${summary.numbered} numbered`],
    ["  numbering", `gaps: ${gaps}, duplicates: ${duplicates}, overlapping runs: ${overlaps}`],
  ]);
  if (summary.ok) {
    const end = `OK: invoices 1 to ${summary.numbered} are numbered without gap or duplicate.`;
    return [...table, "", colors.green(end)];
  }
  const found = [
    "What is wrong:",
    ...problemLines(problems, "  - ", MOST_PROBLEMS),
    "",
    `NOT OK: ${problems[0]}.`,
  ];
  return [...table, "", ...found.map((line) => colors.red(line))];
}
