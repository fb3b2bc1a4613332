import { randomUUID } from "node:crypto";
import { readAssembly } from "./assembly/assembly.ts";
import { readDeployment } from "./assembly/deployment.ts";
import { synthesize } from "./assembly/synthesize.ts";
import { engineClient, startEngine } from "./engine.ts";
import type { Finding } from "./harness/command.ts";
import { makeOwnedFolder } from "./harness/processes.ts";
import type { Screen } from "./harness/screen.ts";
import type { Options } from "./options.ts";
import { judge } from "./play/judge.ts";
import { makePlan, type Plan } from "./play/plan.ts";
import { summaryLines } from "./play/report.ts";
import { rolesOf } from "./play/roles.ts";
import { Runner } from "./play/runner.ts";
import { createTable, deleteTable } from "./tables.ts";

/**
 * How long a tick of the schedule is played, in ms. Only the schedule and Lambda's waits between attempts are
 * compressed; leases, timeouts and the work take the time they take.
 */
const TICK_MS = 2_000;

/** What a run adds up its time from: at most this long passes between a leader's claim and its being struck. */
const STRIKE_MS = 500;

/**
 * Synthesizes the deployment, runs it as the options say, tells of it on the screen, and judges it. Whatever it
 * starts or creates is gone when it settles, also when the signal aborts it.
 * @throws the reason of the signal, when it aborts
 */
export async function run(options: Options, screen: Screen, signal: AbortSignal): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const began = performance.now();
  screen.progress("cdk synth ...");
  const folder = stack.use(await makeOwnedFolder("leasehold-local-"));
  const engine = stack.use(await startEngine());
  const client = stack.adopt(engineClient(engine.endpoint), (opened) => opened.destroy());
  await synthesize(folder.path, options.elected ? {} : { election: "off" }, signal);

  const assembly = readAssembly(folder.path);
  const deployment = readDeployment(assembly, randomUUID().slice(0, 8));
  const roles = rolesOf(deployment);
  const plan = makePlan({
    ticks: options.ticks,
    seed: options.seed,
    tickMs: TICK_MS,
    recoveryMs: options.elected ? roles.recoveryMs + STRIKE_MS : undefined,
  });
  for (const table of deployment.tables) {
    await createTable(client, table);
    // For an engine that was found running: leave it as it was.
    stack.defer(() => deleteTable(client, table));
  }
  const log = (line: string): void => {
    if (options.logs) process.stderr.write(`${line}\n`);
  };
  const runner = stack.use(
    new Runner({ roles, plan, tickMs: TICK_MS, engine: engine.endpoint, client, screen, log, signal }),
  );
  await runner.open();

  const names = assembly.stacks.map(({ stackName }) => stackName).join(" and ");
  const took = ((performance.now() - began) / 1_000).toFixed(1);
  screen.line(`${names}: synthesized and started in ${took} s.`);
  screen.line(`DynamoDB is an embedded engine at ${engine.endpoint}.\n`);
  for (const line of introduction(options, plan)) screen.line(line);
  screen.line("");
  const { summary, problems } = judge({ plan, elected: options.elected, ...(await runner.play()) });
  return { summary, lines: ["", ...summaryLines(summary, problems, screen.colors)] };
}

/** Tells somebody who has read nothing what is going to be seen. */
function introduction({ elected, seed }: Options, { leftOut }: Plan): string[] {
  const time = [
    "Invoices arrive every minute; a scheduled function gives them the numbers 1, 2, 3 and so on.",
    "The schedule delivers each minute at least twice, to several execution environments (env 1, 2 ...).",
    `A minute of the schedule is played in ${TICK_MS / 1_000} s; leases and work take their real time.`,
  ];
  if (!elected) {
    return [
      ...time,
      "There is no election and no fence, and nothing but duplicate deliveries goes wrong. That is enough",
      "to break the numbering, so this is expected to end with NOT OK.",
    ];
  }
  const election = [
    "Only the environment that holds the lease leads and works; the others follow, and say why: held",
    "(somebody else leads) or tick-done (this minute's work is done). A leader that is killed or frozen",
    "releases nothing, so nobody can lead until its lease has run out; what waits is then done at once.",
    `Faults of seed ${seed}.`,
  ];
  if (leftOut.length === 0) return [...time, ...election];
  const missing = leftOut.map((kind) => (kind === "kill" ? "kill a leader" : "freeze a leader"));
  return [
    ...time,
    ...election,
    `Too few ticks to ${missing.join(" and to ")} and see it followed: left out.`,
  ];
}
