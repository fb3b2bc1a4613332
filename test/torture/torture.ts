import { engineClient, startEngine } from "../../local/engine.ts";
import type { Finding } from "../../local/harness/command.ts";
import { monotonicMs } from "../../local/harness/link.ts";
import { makeOwnedFolder } from "../../local/harness/processes.ts";
import { type Screen, seconds, wrapParts } from "../../local/harness/screen.ts";
import { startDynamoDBLocal } from "../support/dynamodb-local.ts";
import { judge } from "./judge.ts";
import type { Options } from "./options.ts";
import { summaryLines } from "./report.ts";
import { findFakeTime } from "./runner/clocks.ts";
import { Election, repeat } from "./runner/election.ts";
import { ELECTIONS } from "./runner/elections.ts";
import { Journal } from "./runner/journal.ts";

/**
 * Runs one torture as the options say and judges it. Whatever it started is gone when it settles.
 * @throws the reason of the signal, when it aborts
 */
export async function torture(
  { engine: name, seed, minutes }: Options,
  screen: Screen,
  signal: AbortSignal,
): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeOwnedFolder("leasehold-torture-"));
  const { endpoint } = stack.use(await (name === "embedded" ? startEngine() : startDynamoDBLocal()));
  const client = stack.adopt(engineClient(endpoint), (opened) => opened.destroy());
  const fakeTime = findFakeTime();
  const candidates = ELECTIONS.flatMap((plan) => plan.seats).length;
  screen.line(`${name} engine at ${endpoint}, ${candidates} candidates, seed ${seed}`);
  if (fakeTime === undefined) {
    screen.line("libfaketime is not installed (Debian: apt-get install faketime): clock shifts are left out");
  }
  const journal = new Journal();
  const elections: Election[] = [];
  for (const plan of ELECTIONS) {
    const options = { plan, journal, endpoint, client, seed, fakeTime, folder: folder.path };
    const election = stack.use(await Election.open(options));
    elections.push(election);
    screen.line(wrapParts(`${plan.name}: `, election.cast));
  }

  const began = monotonicMs();
  const forMs = minutes * 60_000;
  const progress = repeat(
    () => 500,
    AbortSignal.any([signal, AbortSignal.timeout(forMs)]),
    () => screen.progress(progressOf(journal, elections, began + forMs - monotonicMs())),
  );
  await Promise.all(elections.map((election) => election.run(forMs, signal)));
  await progress;
  const tortureMs = Math.round(monotonicMs() - began);
  screen.progress("faults are over, what waits is numbered");
  const recovered = await Promise.all(elections.map((election) => election.recover(signal)));
  signal.throwIfAborted();
  const torturedUntil = monotonicMs();
  const summary = judge({
    engine: name,
    seed,
    tortureMs,
    recoveryMs: Math.max(...recovered.map(({ recoveryMs }) => recoveryMs)),
    lateness: recovered.flatMap(({ lateness }) => lateness),
    torturedUntil,
    elections: await Promise.all(elections.map((election) => election.close())),
    journal,
    candidates,
    shiftsClocks: fakeTime !== undefined,
  });
  return { summary, lines: summaryLines(summary, screen.colors) };
}

function progressOf(journal: Journal, elections: readonly Election[], leftMs: number): string {
  const sum = (of: (election: Election) => number): number =>
    elections.reduce((total, election) => total + of(election), 0);
  const parts = [
    `${seconds(Math.max(0, leftMs))} left`,
    `${journal.handedOut.length} terms`,
    `${sum(({ ledger }) => ledger.counts.numbersGiven)} of ${sum(({ tables }) => tables.received)} invoices`,
    `${[...journal.faults.values()].reduce((total, times) => total + times, 0)} faults`,
    `${sum(({ ledger }) => ledger.counts.staleRejected)} stale writes rejected`,
    `leading: ${journal.leaders.join(", ") || "nobody"}`,
  ];
  return parts.join("  ");
}
