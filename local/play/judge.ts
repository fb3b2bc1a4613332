import { type Books, judgeNumbering } from "../harness/books.ts";
import { count } from "../harness/screen.ts";
import { type Result, resultOf, type Run, worked } from "./journal.ts";
import type { Fault, Plan } from "./plan.ts";

/** The result of a whole run, as `npm start -- --json` prints it. */
export interface Summary {
  /** Occurrences that were scheduled, those that drain what is left not counted. */
  readonly ticks: number;
  /** Runs of the numbering function: deliveries, duplicates and retries. */
  readonly invocations: number;
  /** Runs that worked as leader, also those that did not come to their end. */
  readonly led: number;
  /** Runs that were told not to work. */
  readonly followed: number;
  /** Leaders that were killed in mid-work. */
  readonly crashed: number;
  /** Leaders that were frozen in mid-work, past their expiry. */
  readonly frozen: number;
  /** Terms that began although the one before had not been released. */
  readonly takeovers: number;
  /** Writes of a term that was over, refused by storage. */
  readonly staleWritesRejected: number;
  readonly invoices: number;
  /** Invoices that have a number in the end. */
  readonly numbered: number;
  /** Numbers from 1 to the highest given that no invoice has. */
  readonly gaps: number;
  /** Numbers given more than once, and invoices given more than one number: each time beyond the first counts. */
  readonly duplicates: number;
  /** The fencing tokens of the terms, in the order in which they worked. */
  readonly tokens: readonly number[];
  /** Pairs of runs whose accepted writes interleave. */
  readonly overlaps: number;
  readonly ok: boolean;
}

/** What a judgement is made of. */
export interface Evidence {
  readonly plan: Plan;
  readonly elected: boolean;
  /** In the order in which they began. */
  readonly runs: readonly Run[];
  readonly books: Books;
}

/** Judges a run, and says in words what is wrong, if anything is. */
export function judge(evidence: Evidence): {
  readonly summary: Summary;
  readonly problems: readonly string[];
} {
  const { plan, runs, books } = evidence;
  const results = runs.map(resultOf);
  const leaders = leadersOf(runs);
  const { gaps, duplicates, problems: numbering } = judgeNumbering(books);
  const facts = {
    ticks: plan.ticks,
    invocations: runs.length,
    led: leaders.length,
    followed: results.filter(({ kind }) => kind === "followed").length,
    crashed: leaders.filter((run) => run.struck === "kill" && run.outcome?.kind === "crashed").length,
    frozen: leaders.filter((run) => run.struck === "freeze").length,
    takeovers: leaders.filter((run) => tookOver(run, leaders)).length,
    staleWritesRejected: runs.reduce((sum, run) => sum + run.fenced, 0),
    invoices: books.invoices.length,
    numbered: books.invoices.filter(({ number }) => number !== undefined).length,
    gaps,
    duplicates,
    tokens: leaders.flatMap((run) => tokenOf(run, books) ?? []),
    overlaps: countOverlaps(leaders),
  };
  const problems: string[] = [];
  if (gaps > 0) problems.push(`the numbering has ${count(gaps, "gap")}`);
  if (duplicates > 0) problems.push(`the numbering has ${count(duplicates, "duplicate")}`);
  if (facts.overlaps > 0) problems.push(`${count(facts.overlaps, "pair")} of runs worked at the same time`);
  problems.push(...numbering);
  if (evidence.elected)
    problems.push(...electionProblems(evidence, facts, leaders), ...runProblems(runs, results));
  return { summary: { ...facts, ok: problems.length === 0 }, problems };
}

/** What is wrong with the terms, and what was planned and did not happen. */
function electionProblems(
  { plan, books }: Evidence,
  facts: Omit<Summary, "ok">,
  leaders: readonly Run[],
): string[] {
  const planned = (kind: Fault["kind"]): number => plan.faults.filter((fault) => fault.kind === kind).length;
  const struck = plan.faults.length;
  const claims: readonly (readonly [holds: boolean, otherwise: string])[] = [
    [
      facts.tokens.every((token, index) => token > (facts.tokens[index - 1] ?? 0)),
      "the tokens of the terms do not strictly rise",
    ],
    [leaders.every((run) => tokenOf(run, books) !== undefined), "a leader left no token behind"],
    [facts.crashed >= planned("kill"), "no leader was killed in mid-work, though it was planned"],
    [facts.frozen >= planned("freeze"), "no leader was frozen in mid-work, though it was planned"],
    [
      facts.takeovers >= struck,
      `only ${facts.takeovers} of ${struck} leaders that did not release were followed`,
    ],
    [facts.staleWritesRejected >= planned("freeze"), "no stale write met the fence, though one was planned"],
  ];
  return claims.filter(([holds]) => !holds).map(([, otherwise]) => otherwise);
}

/** What is wrong with single runs. */
function runProblems(runs: readonly Run[], results: readonly Result[]): string[] {
  const problems: string[] = [];
  for (const [index, run] of runs.entries()) {
    const result = results[index];
    if (result?.kind === "broken" && run.struck === undefined && !wasUnanswered(run))
      problems.push(`a run of ${run.tick} failed: ${result.why}`);
    if (run.fenced > 0 && !(run.outcome?.kind === "threw" && run.outcome.error.code === "FENCED")) {
      problems.push(`a run of ${run.tick} was refused by the fence and did not fail with FENCED`);
    }
    if (result?.kind === "running") problems.push(`a run of ${run.tick} did not end`);
  }
  return problems;
}

/** The engine did not answer in time, as on a busy machine. The run does not lead, and is tried again: the books tell whether all was done. */
function wasUnanswered({ outcome }: Run): boolean {
  return outcome?.kind === "threw" && outcome.error.code === "STORE_UNAVAILABLE";
}

/** The runs that worked as leaders, in the order in which they worked. */
export function leadersOf(runs: readonly Run[]): Run[] {
  // A run that wrote nothing goes by its end, which is after its release.
  const place = ({ firstAccepted, settled }: Run): number =>
    firstAccepted ?? settled ?? Number.MAX_SAFE_INTEGER;
  return runs.filter(worked).sort((a, b) => place(a) - place(b));
}

/** Whether the leader before had not released the lease. */
export function tookOver(run: Run, leaders: readonly Run[]): boolean {
  return leaders[leaders.indexOf(run) - 1]?.struck !== undefined;
}

/** The token of a run: from its result, or, when it did not live to give one, from what it wrote. */
export function tokenOf(run: Run, { assignments }: Pick<Books, "assignments">): number | undefined {
  const result = resultOf(run);
  if (result.kind === "led") return result.token;
  const written = assignments.filter(({ requestId }) => requestId === run.invocation.requestId);
  // A retry has the same request id and a later, higher token: the earliest is of the attempt that broke.
  return written
    .flatMap(({ token }) => token ?? [])
    .reduce<number | undefined>((least, token) => Math.min(least ?? token, token), undefined);
}

/** Pairs of runs of which each had a write accepted before the other's last. */
function countOverlaps(runs: readonly Pick<Run, "firstAccepted" | "lastAccepted">[]): number {
  const spans = runs.flatMap(({ firstAccepted, lastAccepted }) =>
    firstAccepted === undefined || lastAccepted === undefined
      ? []
      : { from: firstAccepted, to: lastAccepted },
  );
  return spans.reduce((pairs, a, index) => {
    const later = spans.slice(index + 1);
    return pairs + later.filter((b) => a.from < b.to && b.from < a.to).length;
  }, 0);
}
