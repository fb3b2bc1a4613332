import { type Role, roleOf, type Run, worked } from "./journal.ts";
import type { Fault, Plan } from "./plan.ts";
import type { Books } from "./witness.ts";

/** The result of a whole run, as `npm start -- --json` prints it. */
export interface Verdict {
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

/** What a verdict is made of. */
export interface Evidence {
  readonly plan: Plan;
  readonly elected: boolean;
  /** In the order in which they began. */
  readonly runs: readonly Run[];
  readonly books: Books;
}

/** Judges a run, and says in words what is wrong, if anything is. */
export function judge(evidence: Evidence): {
  readonly verdict: Verdict;
  readonly problems: readonly string[];
} {
  const { plan, runs, books } = evidence;
  const roles = runs.map(roleOf);
  const leaders = leadersOf(runs);
  const facts = {
    ticks: plan.ticks,
    invocations: runs.length,
    led: leaders.length,
    followed: roles.filter((role) => role.kind === "followed").length,
    crashed: leaders.filter((run) => run.struck === "kill" && run.outcome?.kind === "crashed").length,
    frozen: leaders.filter((run) => run.struck === "freeze").length,
    takeovers: leaders.filter((run) => tookOver(run, leaders)).length,
    staleWritesRejected: runs.reduce((sum, run) => sum + run.fenced, 0),
    invoices: books.invoices.length,
    numbered: books.invoices.filter(({ number }) => number !== undefined).length,
    gaps: countGaps(books),
    duplicates: countDuplicates(books),
    tokens: leaders.flatMap((run) => tokenOf(run, books) ?? []),
    overlaps: countOverlaps(leaders),
  };
  const problems = [...numberingProblems(facts, books), ...electionProblems(evidence, facts, leaders, roles)];
  return { verdict: { ...facts, ok: problems.length === 0 }, problems };
}

type Facts = Omit<Verdict, "ok">;

function numberingProblems(facts: Facts, { pending, assignments }: Books): string[] {
  const problems: string[] = [];
  if (facts.invoices === 0) problems.push("no invoice arrived, so nothing was shown");
  if (facts.gaps > 0) problems.push(`the numbering has ${count(facts.gaps, "gap")}`);
  if (facts.duplicates > 0) problems.push(`the numbering has ${count(facts.duplicates, "duplicate")}`);
  if (facts.overlaps > 0) problems.push(`${count(facts.overlaps, "pair")} of runs worked at the same time`);
  if (pending > 0) problems.push(`${count(pending, "invoice")} still wait for a number`);
  if (facts.numbered !== facts.invoices) {
    problems.push(`${count(facts.invoices - facts.numbered, "invoice")} have no number`);
  }
  if (assignments.length < facts.numbered) problems.push("an invoice has a number that nobody gave");
  return problems;
}

function electionProblems(
  { plan, elected, runs, books }: Evidence,
  facts: Facts,
  leaders: readonly Run[],
  roles: readonly Role[],
): string[] {
  if (!elected) return [];
  const problems: string[] = [];
  if (facts.tokens.some((token, index) => token <= (facts.tokens[index - 1] ?? 0))) {
    problems.push("the tokens of the terms do not strictly rise");
  }
  if (leaders.some((run) => tokenOf(run, books) === undefined))
    problems.push("a leader left no token behind");
  const planned = (kind: Fault["kind"]): number => plan.faults.filter((fault) => fault.kind === kind).length;
  if (facts.crashed < planned("kill"))
    problems.push("no leader was killed in mid-work, though it was planned");
  if (facts.frozen < planned("freeze"))
    problems.push("no leader was frozen in mid-work, though it was planned");
  if (facts.takeovers < plan.faults.length) {
    problems.push(
      `only ${facts.takeovers} of ${plan.faults.length} leaders that did not release were followed`,
    );
  }
  if (facts.staleWritesRejected < planned("freeze")) {
    problems.push("no stale write met the fence, though one was planned");
  }
  for (const [index, run] of runs.entries()) {
    const role = roles[index];
    if (role?.kind === "broken" && run.struck === undefined)
      problems.push(`a run of ${run.tick} failed: ${role.why}`);
    if (run.fenced > 0 && !(run.outcome?.kind === "threw" && run.outcome.error.code === "FENCED")) {
      problems.push(`a run of ${run.tick} was refused by the fence and did not fail with FENCED`);
    }
    if (role?.kind === "running") problems.push(`a run of ${run.tick} did not end`);
  }
  return problems;
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
  const role = roleOf(run);
  if (role.kind === "led") return role.token;
  const written = assignments.filter(({ requestId }) => requestId === run.invocation.requestId);
  // A retry has the same request id and a later, higher token: the earliest is of the attempt that broke.
  return written
    .flatMap(({ token }) => token ?? [])
    .reduce<number | undefined>((least, token) => Math.min(least ?? token, token), undefined);
}

/** Numbers from 1 to the highest ever given that no invoice has. */
export function countGaps({ invoices, assignments }: Pick<Books, "invoices" | "assignments">): number {
  const present = new Set(invoices.map(({ number }) => number));
  const highest = assignments.reduce((most, { number }) => Math.max(most, number), 0);
  return Array.from({ length: highest }, (_, index) => index + 1).filter((number) => !present.has(number))
    .length;
}

/** Times that a number was given again, or that an invoice was given another. */
export function countDuplicates({ assignments }: Pick<Books, "assignments">): number {
  const invoicesOf = new Map<string, Set<number>>();
  const timesGiven = new Map<number, number>();
  for (const { number, invoiceId } of assignments) {
    timesGiven.set(number, (timesGiven.get(number) ?? 0) + 1);
    invoicesOf.set(invoiceId, (invoicesOf.get(invoiceId) ?? new Set()).add(number));
  }
  const beyondFirst = (counts: Iterable<number>): number =>
    [...counts].reduce((sum, times) => sum + times - 1, 0);
  return (
    beyondFirst(timesGiven.values()) + beyondFirst([...invoicesOf.values()].map((numbers) => numbers.size))
  );
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

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
