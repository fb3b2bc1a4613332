import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DeleteTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { engineClient, startEngine } from "../../local/engine.ts";
import { makeOwnedFolder } from "../../local/processes/warden.ts";
import type { Screen } from "../../local/screen.ts";
import { DEFAULT_TIMING, recoveryBoundMs } from "../../lib/index.ts";
import { startDynamoDBLocal } from "../support/dynamodb-local.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import type { RowState } from "./checks/row-history.ts";
import { Account } from "./director/account.ts";
import { findFakeTime } from "./director/clocks.ts";
import { CASTS, setStage, type Stage } from "./director/stage.ts";
import { repeat, type Tables } from "./director/world.ts";
import type { Options } from "./options.ts";
import { monotonicMs } from "./proxy/link.ts";
import { LATEST_MS } from "./proxy/weather.ts";
import { seconds } from "./report.ts";
import { type Election, judge, type Verdict } from "./verdict.ts";

const INVOICE_EVERY_MS = 300;
const LOOK_EVERY_MS = 200;
const TROUBLE_EVERY_MS = 2_000;
/** For the work that has piled up, on a busy machine. */
const WORK_MS = 20_000;

/**
 * Runs one torture as the options say and judges it; resolves to nothing when the signal ended it. Whatever it
 * started is gone when it settles.
 */
export async function torture(
  { engine: name, seed, minutes }: Options & { readonly seed: number },
  screen: Screen,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeOwnedFolder("leasehold-torture-"));
  const engine = stack.use(await (name === "embedded" ? startEngine() : startDynamoDBLocal()));
  const { endpoint } = engine;
  const client = stack.adopt(engineClient(endpoint), (opened) => opened.destroy());
  const fakeTime = findFakeTime();
  const candidates = CASTS.flatMap(({ parts }) => parts).length;
  screen.line(`${name} engine at ${endpoint}, ${candidates} candidates, seed ${seed}`);
  if (fakeTime === undefined) {
    screen.line("libfaketime is not installed (Debian: apt-get install faketime): clock shifts are left out");
  }
  const account = new Account();
  const stages: Stage[] = [];
  for (const cast of CASTS) {
    const tables = await createTables(client, cast.name);
    // For an engine that was found running: leave it as it was.
    stack.defer(() => deleteTables(client, tables));
    const options = { cast, account, endpoint, client, tables, seed, fakeTime, folder: folder.path };
    stages.push(stack.use(await setStage(options)));
  }

  const began = monotonicMs();
  const forMs = minutes * 60_000;
  const progress = repeat(
    () => 500,
    AbortSignal.any([signal, AbortSignal.timeout(forMs)]),
    () => screen.progress(progressOf(account, stages, began + forMs - monotonicMs())),
  );
  await Promise.all(stages.map((stage) => play(stage, forMs, signal)));
  await progress;
  const tortureMs = Math.round(monotonicMs() - began);
  screen.progress("faults are over, what waits is numbered");
  const recovered = await Promise.all(stages.map((stage) => recover(stage, signal)));
  if (signal.aborted) return undefined;
  const torturedUntil = monotonicMs();
  await Promise.all(stages.map((stage) => stage.strike()));
  return judge({
    engine: name,
    seed,
    tortureMs,
    recoveryMs: Math.max(...recovered.map(({ recoveryMs }) => recoveryMs)),
    lateness: recovered.flatMap(({ lateness }) => lateness),
    torturedUntil,
    account,
    elections: await Promise.all(stages.map((stage) => electionOf(stage))),
    candidates,
    shiftsClocks: fakeTime !== undefined,
  });
}

async function createTables(client: DynamoDBClient, name: string): Promise<Tables> {
  const run = randomUUID().slice(0, 8);
  const tables = { leases: `leases-${name}-${run}`, invoices: `invoices-${name}-${run}`, lease: name };
  await createLeaseTable(client, tables.leases);
  await createLeaseTable(client, tables.invoices);
  return tables;
}

async function deleteTables(client: DynamoDBClient, { leases, invoices }: Tables): Promise<void> {
  for (const TableName of [leases, invoices]) {
    // A terminal's Ctrl-C ends the engine, too, and its tables with it.
    await client.send(new DeleteTableCommand({ TableName })).catch(() => {});
  }
}

/** What is known of an election, once all its candidates have ended. */
async function electionOf({ cast, account, row, ledger, world, candidates }: Stage): Promise<Election> {
  row.saw(await world.look(), monotonicMs());
  const { states, writesUpon, contradictions, reached } = row;
  const names = new Set(candidates.map((candidate) => candidate.name));
  const handedOut = account.handedOut.filter(({ candidate }) => names.has(candidate));
  const books = await world.books();
  const { given, counts: writes } = ledger;
  const { seen } = world;
  return {
    name: cast.name,
    writes,
    history: { states, writesUpon, contradictions, reached, seen, handedOut, given, books },
  };
}

/** Starts everyone and makes trouble for so long, or until the signal ends it. */
async function play(stage: Stage, forMs: number, signal: AbortSignal): Promise<void> {
  const { world, candidates, troubles, chance } = stage;
  const ending = AbortSignal.any([signal, AbortSignal.timeout(forMs)]);
  ending.addEventListener("abort", () => void troubles.end());
  for (const candidate of candidates) await troubles.bear(candidate);
  const wait = (name: string, mean: number) => () => Math.min(mean * 5, chance.of(name).wait(mean));
  await Promise.all([
    troubles.make(TROUBLE_EVERY_MS),
    repeat(wait("invoices", INVOICE_EVERY_MS), ending, () => world.receiveInvoice()),
    repeat(wait("ticks", stage.cast.tickEveryMs), ending, () => sendTick(stage)),
    repeat(
      () => LOOK_EVERY_MS,
      ending,
      () => world.look(),
    ),
  ]);
  await troubles.end();
}

/** Delivers an occurrence to those who serve a schedule, as schedulers do: at least once, now and then late. */
function sendTick({ candidates, chance }: Pick<Stage, "candidates" | "chance">): void {
  const draws = chance.of("ticks/delivery");
  const late = draws.happens(0.1) ? draws.between(1_000, 10_000) : 0;
  const tick = new Date(Date.now() - late).toISOString();
  for (const candidate of candidates) {
    if (candidate.role === "scheduled") candidate.tell({ kind: "tick", tick });
  }
}

function progressOf(account: Account, stages: readonly Stage[], leftMs: number): string {
  const sum = (of: (stage: Stage) => number): number => stages.reduce((total, stage) => total + of(stage), 0);
  const parts = [
    `${seconds(Math.max(0, leftMs))} left`,
    `${account.handedOut.length} terms`,
    `${sum(({ ledger }) => ledger.counts.numbersGiven)} of ${sum(({ world }) => world.invoices)} invoices`,
    `${account.faults.total} faults`,
    `${sum(({ ledger }) => ledger.counts.staleRejected)} stale writes rejected`,
    `leading: ${account.leaders.join(", ") || "nobody"}`,
  ];
  return parts.join("  ");
}

/**
 * Ends all faults and waits until every invoice has its number: a live candidate leads soon (I5). Requests that are
 * held back by then may still arrive, and each can take the lease once more for a term that nobody serves.
 */
async function recover(
  stage: Stage,
  signal: AbortSignal,
): Promise<{ readonly recoveryMs: number; readonly lateness: readonly string[] }> {
  const { cast, world, candidates } = stage;
  const began = monotonicMs();
  stage.calm();
  if (!signal.aborted) await world.receiveInvoice();
  const durationMs = Math.max(...candidates.map((candidate) => candidate.durationMs));
  const lead = recoveryBoundMs({ ...DEFAULT_TIMING, durationMs }) + cast.extraRecoveryMs;
  const bound = LATEST_MS + lead + WORK_MS;
  for (;;) {
    const pending = signal.aborted ? 0 : await world.pending();
    const recoveryMs = Math.round(monotonicMs() - began);
    if (pending === 0) return { recoveryMs, lateness: [] };
    if (recoveryMs > bound) {
      const what = `${cast.name}: ${pending} invoices still wait ${seconds(recoveryMs)} after faults stopped, ${seconds(bound)} are enough; ${describe(await world.look())}`;
      return { recoveryMs, lateness: [`a live candidate leads soon after faults stop: ${what}`] };
    }
    sendTick(stage);
    await world.look();
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

function describe(state: RowState | undefined): string {
  if (state?.holder === undefined) return "the lease is vacant";
  const { holder, token, expiresAt } = state;
  const left = expiresAt === undefined ? "until nobody knows" : `for ${seconds(expiresAt - Date.now())} more`;
  return `the row says that ${holder} holds it ${left}, with token ${token}`;
}
