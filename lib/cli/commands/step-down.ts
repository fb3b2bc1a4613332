import type { Command } from "commander";
import type { LeaseState } from "../../core/record.ts";
import { runs, withExamples } from "../command.ts";
import { parseDuration } from "../duration.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandFailure, misused } from "../failure.ts";
import type { Output } from "../output.ts";
import { assertKnown, type ShardOption, type Subject, subjectOf, withShard } from "../subject.ts";
import { printable } from "../text.ts";

/** A term, as `--json` names it. */
export interface TermJson {
  readonly holder: string;
  readonly token: number;
}

/** What came of `step-down`, as `--json` prints it. */
export interface StepDownJson {
  readonly name: string;
  readonly shard: string | null;
  /**
   * - `vacant`: nobody led, so nobody was asked.
   * - `asked`: with `--no-wait`, the request is on the record.
   * - `handed-over`: another candidate leads.
   * - `led-again`: the same candidate has begun another term.
   * - `released`: the term is over, and nobody leads yet.
   * - `expired`: the holder has not renewed any more, or its shard's session is over; whoever campaigns takes over.
   * - `still-led`: the term goes on after `--wait`.
   */
  readonly outcome: "vacant" | "asked" | "handed-over" | "led-again" | "released" | "expired" | "still-led";
  /** The term that was asked to end. */
  readonly asked: TermJson | null;
  /** Whom the lease is to be kept for. */
  readonly to: string | null;
  /** Who leads as far as was seen. */
  readonly leader: TermJson | null;
}

interface StepDownOptions extends ShardOption {
  readonly to?: string;
  readonly force?: boolean;
  /** False with `--no-wait`. */
  readonly wait: string | false;
}

/** How long to wait for a successor after a release, in ms: candidates look every 2 s by default. */
const SUCCESSOR_MS = 5_000;
const LOOK_MS = 500;

/** `leasehold step-down NAME`: asks the leader to hand over. */
export function addStepDown(program: Command): void {
  const waits = new Set<string>();
  const stepDown = program
    .command("step-down")
    .description("ask the leader to finish its piece of work and hand over")
    .argument("<name>", "the lease's name")
    .option(
      "--to <id>",
      "keep the lease for this candidate (see leasehold candidates NAME, and of a shard leasehold group NAME)",
    )
    .option("--force", "with --to: also for a candidate that is not listed")
    // By default a leader renews within 5 s, and its work drains within 5 s.
    .option("--wait <duration>", "how long to wait for the outcome", "20s")
    .option("--no-wait", "ask, and do not wait")
    .action(
      runs(async (session, name: string, options: StepDownOptions) => {
        const { to, wait, force = false } = options;
        if (waits.size > 1) throw misused("--wait and --no-wait exclude each other; give one of them");
        const { output } = session;
        const waitMs = wait === false ? undefined : parseDuration(wait, "--wait", 0, 3_600_000);
        const subject = subjectOf(await session.leases(), name, options);
        const { called, shard } = subject;
        if (to !== undefined && !force) await assertListed(subject, to);
        const asked = await subject.requestStepDown(to === undefined ? {} : { reserveFor: to });
        if (asked.kind === "vacant") await assertKnown(subject);
        const term = asked.kind === "vacant" ? null : { holder: asked.holder, token: asked.token };
        if (term !== null && !output.json) output.print(`${called}: asked ${nameOf(term)} to hand over`);
        const outcome = await outcomeOf(subject, term, waitMs);
        const came = { name, shard, asked: term, to: to ?? null, ...outcome };
        if (output.json) output.printJson(came satisfies StepDownJson);
        else tell(output, subject, came);
        return exitCodeOf(came);
      }),
    );
  for (const wait of ["wait", "no-wait"]) stepDown.on(`option:${wait}`, () => waits.add(wait));
  withExamples(withShard(stepDown), [
    "leasehold step-down writer",
    "leasehold step-down writer --to node-b --wait 1m",
    "leasehold step-down writer --no-wait",
    "leasehold step-down orders --shard 7",
  ]);
}

/** The likeliest mistake is an id that nobody has: the lease would be kept for nobody, and nobody would lead meanwhile. */
async function assertListed(subject: Subject, to: string): Promise<void> {
  // Whoever may not list them may ask all the same.
  const listed = await subject.listed().catch(() => undefined);
  if (listed === undefined || listed.includes(to)) return;
  const who = subject.shard === null ? "candidate" : "worker";
  throw new CommandFailure(
    `no ${who} of "${printable(subject.name)}" is listed as ${printable(to)}, so nobody was asked; ` +
      `see ${subject.whereListed}, or give --force`,
  );
}

type Outcome = Pick<StepDownJson, "outcome" | "leader">;

async function outcomeOf(
  subject: Subject,
  asked: TermJson | null,
  waitMs: number | undefined,
): Promise<Outcome> {
  if (asked === null) return { outcome: "vacant", leader: null };
  if (waitMs === undefined) return { outcome: "asked", leader: asked };
  const enough = new AbortController();
  const stop = (): void => enough.abort();
  const timers = [setTimeout(stop, waitMs)];
  try {
    for await (const state of subject.observe({ intervalMs: LOOK_MS, signal: enough.signal })) {
      const seen = seenIn(state, asked);
      if (seen.leader !== null && seen.outcome !== "still-led") return seen;
      if (seen.outcome === "released") timers.push(setTimeout(stop, SUCCESSOR_MS));
    }
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
  // Not what was seen last: the table may have been out of reach since.
  return seenIn(await subject.get(), asked);
}

function seenIn({ kind, holder, token }: LeaseState, asked: TermJson): Outcome {
  if (holder === undefined) return { outcome: "released", leader: null };
  const leader = { holder, token };
  if (token !== asked.token) {
    return { outcome: holder === asked.holder ? "led-again" : "handed-over", leader };
  }
  return kind === "expired" ? { outcome: "expired", leader: null } : { outcome: "still-led", leader };
}

/** Whether another leads than the one that it was to be handed to. */
const isElsewhere = ({ to, leader }: StepDownJson): boolean =>
  to !== null && leader !== null && leader.holder !== to;

function exitCodeOf(came: StepDownJson): number {
  if (came.outcome === "still-led") return EXIT.notYet;
  const isOver = came.outcome === "handed-over" || came.outcome === "led-again";
  return isOver && isElsewhere(came) ? EXIT.failed : EXIT.done;
}

const nameOf = ({ holder, token }: TermJson): string => `${printable(holder)} (token ${token})`;

function tell(output: Output, subject: Subject, came: StepDownJson): void {
  const { outcome, leader } = came;
  const { called: name, shard } = subject;
  const hears = shard === null ? "with its next renewal" : "at once, or within a minute";
  const led = leader === null ? "" : nameOf(leader);
  const instead = came.to !== null && isElsewhere(came) ? `, not ${printable(came.to)}` : "";
  switch (outcome) {
    case "vacant":
      return output.print(`${name}: nobody leads, so nobody was asked`);
    case "asked":
      return;
    case "handed-over":
      return output.print(`${name}: handed over to ${led}${instead}`);
    case "led-again":
      return output.print(`${name}: it stepped down, and leads again as ${led}${instead}`);
    case "released":
      return output.print(`${name}: released; nobody has taken the lead yet`);
    case "expired":
      return output.print(
        shard === null
          ? `${name}: it did not answer, and its term is over; whoever campaigns takes over`
          : `${name}: free, since its holder's session is over; nobody has taken the lead yet`,
      );
    case "still-led":
      return output.say(
        `leasehold: ${led} still leads "${name}": it learns of the request ${hears}, and drains its work; ` +
          `look again with ${subject.command("get")}`,
      );
    default:
      outcome satisfies never;
  }
}
