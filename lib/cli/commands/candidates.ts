import type { Command } from "commander";
import type { CandidateInfo } from "../../client/operating.ts";
import { runs, withExamples } from "../command.ts";
import type { Column } from "../fitting.ts";
import { agoOf, isoOf, leftOf } from "../lease-view.ts";
import type { Output } from "../output.ts";
import { printable } from "../text.ts";

/** A candidate as `--json` prints it. */
export interface CandidateJson {
  /** What `step-down --to` takes. */
  readonly id: string;
  readonly priority: number;
  /** Since when it is registered. */
  readonly since: string | null;
  /** Until when it is listed unless it renews its entry. */
  readonly expiresAt: string | null;
  /** The same in ms from the service's present. */
  readonly remainingMs: number;
  /** Whether it holds the lease. */
  readonly leads: boolean;
}

/** `leasehold candidates NAME`: who is registered for a lease. */
export function addCandidates(program: Command): void {
  const candidates = program
    .command("candidates")
    .description("list who is registered for a lease, strongest first")
    .argument("<name>", "the lease's name")
    .action(
      runs(async (session, name: string) => {
        const { output } = session;
        const leases = await session.leases();
        const [standing, { holder }] = await Promise.all([leases.candidates(name), leases.get(name)]);
        const now = await session.now();
        if (output.json) output.printJson(standing.map((one) => toJson(one, holder, now)));
        else if (standing.length === 0)
          output.say(`no candidate of "${printable(name)}" is listed; see --help`);
        else output.print(tableOf(output, standing, holder, now));
      }),
    );
  candidates.addHelpText(
    "after",
    "\nListed are candidates that stay (candidate() in the client). Whoever only calls acquire, tryAcquire or run is not.",
  );
  withExamples(candidates, ["leasehold candidates writer", "leasehold step-down writer --to node-b"]);
}

function toJson(
  { id, priority, since, expiresAt }: CandidateInfo,
  holder: string | undefined,
  now: number,
): CandidateJson {
  return {
    id,
    priority,
    since: isoOf(since),
    expiresAt: isoOf(expiresAt),
    remainingMs: expiresAt - now,
    leads: id === holder,
  };
}

const COLUMNS: readonly Column[] = [
  { title: "CANDIDATE", least: 12 },
  { title: "PRIORITY" },
  { title: "LEADS" },
  { title: "STANDS SINCE", leftOut: 2 },
  { title: "LISTED FOR", leftOut: 1 },
];

function tableOf(
  output: Output,
  standing: readonly CandidateInfo[],
  holder: string | undefined,
  now: number,
): string {
  const rows = standing.map(({ id, priority, since, expiresAt }) => [
    printable(id),
    String(priority),
    id === holder ? output.colours.green("leads") : "",
    agoOf(since, now),
    leftOf(expiresAt, now),
  ]);
  return output.tableOf(COLUMNS, rows);
}
