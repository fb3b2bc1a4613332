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
import { bundlePrograms } from "./runner/programs.ts";
import { Workforce } from "./runner/workforce.ts";
import { WORKFORCE } from "./runner/workforce-plan.ts";

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
  const workers = WORKFORCE.durationsMs.length;
  screen.line(`${name} engine at ${endpoint}, ${candidates} candidates, ${workers} workers, seed ${seed}`);
  if (fakeTime === undefined) {
    screen.line("libfaketime is not installed (Debian: apt-get install faketime): clock shifts are left out");
  }
  const [journal, groupJournal] = [new Journal(), new Journal()];
  const programs = bundlePrograms(folder.path);
  const options = { programs, endpoint, client, seed, fakeTime, folder: folder.path };
  const elections: Election[] = [];
  for (const plan of ELECTIONS) {
    const election = stack.use(await Election.open({ ...options, plan, journal }));
    elections.push(election);
    screen.line(wrapParts(`${plan.name}: `, election.cast));
  }
  const workforce = stack.use(await Workforce.open({ ...options, journal: groupJournal }));
  screen.line(wrapParts(`${WORKFORCE.group}: `, workforce.cast));

  const began = monotonicMs();
  const forMs = minutes * 60_000;
  const progress = repeat(
    () => 500,
    AbortSignal.any([signal, AbortSignal.timeout(forMs)]),
    () => screen.progress(progressOf(journal, groupJournal, elections, began + forMs - monotonicMs())),
  );
  // What has been interrupted before it began would never end.
  signal.throwIfAborted();
  await Promise.all([...elections, workforce].map((one) => one.run(forMs, signal)));
  await progress;
  const tortureMs = Math.round(monotonicMs() - began);
  screen.progress("faults are over, what waits is numbered");
  const [recovered] = await Promise.all([
    Promise.all(elections.map((election) => election.recover(signal))),
    workforce.recover(signal),
  ]);
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
    group: { workers, record: await workforce.close(), journal: groupJournal },
    candidates,
    shiftsClocks: fakeTime !== undefined,
  });
  return { summary, lines: summaryLines(summary, screen.colors) };
}

function progressOf(
  journal: Journal,
  groupJournal: Journal,
  elections: readonly Election[],
  leftMs: number,
): string {
  const sum = (of: (election: Election) => number): number =>
    elections.reduce((total, election) => total + of(election), 0);
  const parts = [
    `${seconds(Math.max(0, leftMs))} left`,
    `${journal.handedOut.length} terms`,
    `${sum(({ ledger }) => ledger.counts.numbersGiven)} of ${sum(({ tables }) => tables.received)} invoices`,
    `${[...journal.faults.values()].reduce((total, times) => total + times, 0)} faults`,
    `${sum(({ ledger }) => ledger.counts.staleRejected)} stale writes rejected`,
    `${groupJournal.handedOut.length} terms of shards, ${groupJournal.led.size} led`,
    `leading: ${journal.leaders.join(", ") || "nobody"}`,
  ];
  return parts.join("  ");
}
