import { randomUUID } from "node:crypto";
import { readAssembly } from "./assembly/assembly.ts";
import { readDeployment } from "./assembly/deployment.ts";
import { synthesize } from "./assembly/synthesize.ts";
import { engineClient, startEngine } from "./engine.ts";
import type { Options } from "./options.ts";
import { summaryLines } from "./play/account.ts";
import { castOf } from "./play/cast.ts";
import { makePlan, type Plan } from "./play/plan.ts";
import { Theatre } from "./play/theatre.ts";
import { judge, type Verdict } from "./play/verdict.ts";
import { makeOwnedFolder } from "./processes/warden.ts";
import type { Screen } from "./screen.ts";
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
 */
export async function run(options: Options, screen: Screen, signal: AbortSignal): Promise<Verdict> {
  await using stack = new AsyncDisposableStack();
  const began = performance.now();
  screen.progress("cdk synth ...");
  const folder = stack.use(await makeOwnedFolder("leasehold-local-"));
  const engine = stack.use(await startEngine());
  const client = stack.adopt(engineClient(engine.endpoint), (opened) => opened.destroy());
  await synthesize(folder.path, options.elected ? {} : { election: "off" }, signal);

  const assembly = await readAssembly(folder.path);
  const deployment = readDeployment(assembly, randomUUID().slice(0, 8));
  const cast = castOf(deployment);
  const plan = makePlan({
    ticks: options.ticks,
    seed: options.seed,
    tickMs: TICK_MS,
    recoveryMs: options.elected ? cast.recoveryMs + STRIKE_MS : undefined,
  });
  for (const table of deployment.tables) {
    await createTable(client, table);
    // For an engine that was found running: leave it as it was.
    stack.defer(() => deleteTable(client, table));
  }
  const log = (line: string): void => {
    if (options.logs) process.stderr.write(`${line}\n`);
  };
  const stage = { cast, plan, tickMs: TICK_MS, engine: engine.endpoint, client, screen, log, signal };
  const theatre = stack.use(new Theatre(stage));
  await theatre.open();

  const names = assembly.stacks.map(({ stackName }) => stackName).join(" and ");
  const took = ((performance.now() - began) / 1_000).toFixed(1);
  screen.line(`${names}: synthesized and started in ${took} s, DynamoDB at ${engine.endpoint}`);
  screen.line(introduction(options, plan));
  screen.line("");
  const remains = await theatre.play();
  const { verdict, problems } = judge({ plan, elected: options.elected, ...remains });
  screen.line("");
  for (const line of summaryLines(verdict, problems, screen.colors)) screen.line(line);
  return verdict;
}

function introduction({ elected, seed }: Options, { leftOut }: Plan): string {
  const time = `A minute of the schedule is played in ${TICK_MS / 1_000} s; leases and work take their real time.`;
  if (!elected) return `${time}\nNo election and no fence: nothing but duplicate deliveries goes wrong.`;
  const faults = `${time} Faults of seed ${seed}.`;
  if (leftOut.length === 0) return faults;
  const missing = leftOut
    .map((kind) => (kind === "kill" ? "kill a leader" : "freeze a leader"))
    .join(" and to ");
  return `${faults}\nToo few ticks to ${missing} and see it followed: left out.`;
}
