import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_TIMING, LeaseClient, recoveryBoundMs } from "../../lib/index.ts";
import { engineClient, LOCAL_AWS } from "../engine.ts";
import type { Finding } from "../harness/command.ts";
import { type Screen, seconds } from "../harness/screen.ts";
import { startLeaseTable } from "../tables.ts";
import { Copy } from "./copy.ts";

const TABLE = "leases";
/** The lease that examples/service.ts contends for. */
const LEASE = "writer";
/** How long the leader is looked at before it is killed, in ms. */
const LEADS_MS = 4_000;
/** How long processes may take to start and to answer, in ms: this machine may be busy. */
const PATIENCE_MS = 60_000;
const { durationMs, renewIntervalMs, retryIntervalMs, graceMs } = DEFAULT_TIMING;
/** How long nobody leads at most once a leader is killed, in ms. */
const BOUND_MS = recoveryBoundMs(DEFAULT_TIMING);

/** What came of the kill. Times in ms. */
interface Play {
  readonly killed: string;
  readonly follower: string;
  readonly tokens: readonly [before: number, after: number];
  /** How long the killed leader's term would still have lasted. */
  readonly leftMs: number;
  /** How long nobody led. */
  readonly unledMs: number;
}

/**
 * Plays two copies of a service, kills the leader, and tells of it on the screen. With `stays` the one that follows goes on until the
 * signal aborts. Whatever it starts is gone when it settles.
 * @throws the reason of the signal, when it aborts
 */
export async function run(
  { stays }: { stays: boolean },
  screen: Screen,
  signal: AbortSignal,
): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const beganAt = performance.now();
  const say = (text: string): void =>
    screen.line(`${screen.colors.dim(seconds(performance.now() - beganAt).padStart(7))}  ${text}`);
  const { endpoint } = stack.use(await startLeaseTable(TABLE));
  signal.throwIfAborted();
  screen.line(`Two copies of examples/service.ts contend for the lease "${LEASE}" on an embedded DynamoDB.`);
  screen.line("");
  const start = async (name: string): Promise<Copy> => {
    const onLine = (line: string): void => say(`${name} | ${line}`);
    const copy = stack.use(await Copy.start(name, { endpoint, table: TABLE, onLine }));
    say(`${name} is process ${copy.pid}`);
    return copy;
  };
  const copies = [await start("A"), await start("B")] as const;
  const play = await killLeader(copies, endpoint, { say, screen, signal });
  for (const line of explanation(play)) screen.line(line);
  const [follower] = copies.filter(({ name }) => name === play.follower) as [Copy];
  if (stays) {
    for (const line of invitation(follower, endpoint)) screen.line(line);
    await until(new Promise(() => {}), Infinity, signal, follower);
  }
  say(`${follower.name} is told to stop (SIGTERM): it finishes its piece, releases the lease and ends`);
  const { code } = await until(follower.stop(), PATIENCE_MS, signal);
  say(`${follower.name} has ended with exit code ${code}`);
  const rose = play.tokens[1] > play.tokens[0];
  return { summary: { ok: rose && code === 0 }, lines: ["", "Nothing is left running."] };
}

/** Waits until one leads, kills it, and waits until the other leads. */
async function killLeader(
  copies: readonly [Copy, Copy],
  endpoint: string,
  { say, screen, signal }: { say: (text: string) => void; screen: Screen; signal: AbortSignal },
): Promise<Play> {
  const leading = copies.map(async (copy) => ({ copy, before: await copy.leads }));
  const { copy: leader, before } = await until(Promise.race(leading), PATIENCE_MS, signal, ...copies);
  const follower = leader === copies[0] ? copies[1] : copies[0];
  const { green, red } = screen.colors;
  say(
    green(
      `${leader.name} leads with token ${before}; ${follower.name} waits, and looks every ${seconds(retryIntervalMs)}`,
    ),
  );
  await until(delay(LEADS_MS), PATIENCE_MS, signal, ...copies);
  await leader.kill();
  const killedAt = performance.now();
  const leftMs = await timeLeft(endpoint);
  say(red(`${leader.name} is killed (SIGKILL) in the middle of its work: it releases nothing`));
  const unled = (): number => performance.now() - killedAt;
  const progress = setInterval(() => screen.progress(`nobody leads, for ${seconds(unled())} now`), 100);
  try {
    const after = await until(follower.leads, BOUND_MS + PATIENCE_MS, signal, follower);
    const unledMs = unled();
    say(green(`${follower.name} leads with token ${after}`));
    return { killed: leader.name, follower: follower.name, tokens: [before, after], leftMs, unledMs };
  } finally {
    clearInterval(progress);
  }
}

/** How long the present term lasts unless it is renewed, in ms. */
async function timeLeft(endpoint: string): Promise<number> {
  const client = engineClient(endpoint);
  await using leases = new LeaseClient({ tableName: TABLE, client });
  const { expiresAt = 0 } = await leases.get(LEASE);
  client.destroy();
  return expiresAt - Date.now();
}

function explanation({ killed, follower, tokens, leftMs, unledMs }: Play): string[] {
  return [
    "",
    `Nobody led for ${seconds(unledMs)}. Why so long?`,
    `- ${killed} left without a word. From outside, a process that is dead looks like one that is slow.`,
    `  So ${follower} waited for the end of ${killed}'s term: ${seconds(durationMs)} after its last renewal, which is due`,
    `  every ${seconds(renewIntervalMs)}. Of these ${seconds(durationMs)}, ${seconds(leftMs)} were left at the kill.`,
    `- ${follower} added some time, because clocks differ: ${seconds(graceMs)} where it goes by DynamoDB's clock,`,
    "  less where it has itself watched a whole term go by without a renewal.",
    `- The bound is ${seconds(BOUND_MS)} with the defaults, which both use. A shorter \`durationMs\` lowers it.`,
    `- A leader that is told to stop (SIGTERM) releases: the other then leads within ${seconds(retryIntervalMs)}.`,
    "",
    `The token has risen, from ${tokens[0]} to ${tokens[1]}. Storage that checks it`,
    `refuses whatever ${killed} might still send, once ${follower} has written.`,
    "",
  ];
}

/** Ends in a command for the shell, which must not be folded. */
function invitation({ name, pid }: Copy, endpoint: string): string[] {
  const { region, credentials } = LOCAL_AWS;
  return [
    `${name} (process ${pid}) leads on until Ctrl-C. To watch the lease, paste this into another`,
    "terminal, in this folder:",
    "",
    `  AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_REGION=${region} \\`,
    `  npm run leasehold -- watch ${LEASE} --table ${TABLE} --endpoint ${endpoint}`,
    "",
    `In place of \`watch ${LEASE}\` you may write \`list\`, \`candidates ${LEASE}\` or \`release ${LEASE}\`.`,
    "",
  ];
}

/** Resolves as the promise does, unless time is up, the signal aborts, or one of the given copies is gone before. */
async function until<T>(
  promise: Promise<T>,
  withinMs: number,
  signal: AbortSignal,
  ...alive: Copy[]
): Promise<T> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const late = async (): Promise<never> => {
    await delay(Math.min(withinMs, 2 ** 31 - 1), undefined, { signal: stop }).catch(() =>
      signal.throwIfAborted(),
    );
    throw new Error(`no answer within ${seconds(withinMs)}`);
  };
  const ended = alive.map(async ({ name, gone }): Promise<never> => {
    const { code, signal: by } = await gone;
    throw new Error(`${name} ended by itself (${by ?? `exit code ${code}`})`);
  });
  try {
    return await Promise.race([promise, late(), ...ended]);
  } finally {
    over.abort();
  }
}
