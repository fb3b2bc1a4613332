import { type Colors, problemLines, seconds, tableLines, wrapParts } from "../harness/screen.ts";
import { resultOf, type Run } from "./journal.ts";
import type { Summary } from "./judge.ts";

/** Most problems that are told one by one: the figures are told before them. */
const MOST_PROBLEMS = 8;

/** Tells of a run, tick by tick: who led, who followed and why, and what went wrong meanwhile. */
export class Report {
  readonly #colors: Colors;
  readonly #line: (text: string) => void;
  /** What happened since the last tick was told: those who led, then everything else. */
  #led: string[] = [];
  #others: string[] = [];
  #followed: string[] = [];
  #start = "";

  constructor(colors: Colors, line: (text: string) => void) {
    this.#colors = colors;
    this.#line = line;
  }

  /** A tick begins, so long after the first. */
  tickBegins(atMs: number, tick: string): void {
    this.#start = `${this.#colors.dim(seconds(atMs).padStart(7))}  ${clock(tick)}  `;
  }

  /** Says, at the moment when a leader is struck, what that means for the others: for up to `recoveryMs`. */
  struck({ invocation, accepted, struck }: Run, recoveryMs: number): void {
    const [color, what] =
      struck === "kill"
        ? [this.#colors.red, "KILLED in mid-work. It released nothing"]
        : [this.#colors.magenta, "FROZEN in mid-work, a write on its way. It neither renews nor releases"];
    const until = `nobody can lead until its lease has run out, which takes up to ${seconds(recoveryMs)}`;
    this.#line(wrapParts(this.#start, [color(`env ${invocation.environment} is ${what}: ${until}`)]));
    this.#led.push(color(`env ${invocation.environment} led, ${accepted} numbered, was ${verbOf(struck)}`));
  }

  /** A run ended; `tookOver` says that the leader before it had released nothing. */
  settled(run: Run, tookOver: boolean): void {
    const result = resultOf(run);
    const env = `env ${run.invocation.environment}`;
    if (result.kind === "followed") this.#followed.push(result.reason);
    if (result.kind === "led") {
      const by = result.token === undefined ? "" : ` with token ${result.token}`;
      const led = `${env} ${tookOver ? "took over" : "led"}${by}, ${result.numbered} numbered`;
      this.#led.push(this.#colors.green(led));
    }
    if (result.kind !== "broken" || run.struck === "kill") return;
    const stale = `${env} thawed, its stale write for ${clock(run.tick)} was REJECTED by the fence`;
    if (run.struck === "freeze" && run.fenced > 0) this.#others.push(this.#colors.magenta(stale));
    else this.failed(env, result.why);
  }

  /** An environment or a function failed. */
  failed(who: string, why: string): void {
    this.#others.push(this.#colors.red(`${who} failed (${why})`));
  }

  /** An occurrence was delivered again, long after it was due. */
  late(tick: string): void {
    this.#others.push(this.#colors.dim(`late duplicate of ${clock(tick)} came`));
  }

  /** An event failed every attempt. */
  gaveUp(tick: string): void {
    this.#others.push(this.#colors.red(`event of ${clock(tick)} went to the dead-letter queue`));
  }

  /** Tells of the tick that ends: with those who lead on, and the leader that was struck and nobody has followed yet. */
  tickEnds(working: readonly Run[], unfollowed: Run | undefined): void {
    for (const { invocation } of working) {
      this.#led.push(this.#colors.green(`env ${invocation.environment} leads on`));
    }
    if (this.#led.length === 0) {
      const why = unfollowed && `env ${unfollowed.invocation.environment} was ${verbOf(unfollowed.struck)}`;
      const nobody = why === undefined ? "nobody led" : `nobody led: ${why}, its lease has to run out first`;
      this.#led.push(this.#colors.yellow(nobody));
    }
    const reasons = [...Map.groupBy(this.#followed, (reason) => reason)];
    const why = reasons.map(([reason, { length }]) => (reasons.length > 1 ? `${length} ${reason}` : reason));
    const followed = this.#colors.dim(`${this.#followed.length} followed (${why.join(", ")})`);
    const parts = [...this.#led, ...this.#others, ...(reasons.length > 0 ? [followed] : [])];
    this.#line(wrapParts(this.#start, parts));
    this.#led = [];
    this.#others = [];
    this.#followed = [];
  }
}

function verbOf(struck: Run["struck"]): string {
  return struck === "kill" ? "killed" : "frozen";
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
