import { setTimeout as sleep } from "node:timers/promises";
import type { LeaseClient } from "../../dynamodb/lease-client.ts";
import { isLeaseError } from "../../core/errors.ts";
import { onLeaseEvent } from "../../diagnostics/channels.ts";
import type { RunResult } from "../../client/results.ts";
import type { RunOptions } from "../commands/run.ts";
import { parseDuration } from "../duration.ts";
import { EXIT } from "../exit-codes.ts";
import { lineOf, misused } from "../failure.ts";
import type { Session } from "../session.ts";
import { exitCodeOfSignal } from "./command-group.ts";
import { checkProgram } from "./find-program.ts";
import { lead, type Leading, type Outcome } from "./leading.ts";
import { occurrenceOf } from "./occurrence.ts";
import { Signals } from "./signals.ts";
import { Teller } from "./teller.ts";

/** How much longer than the command may take to end the lease stays closed to others, in ms: what it takes to kill it. */
const KILL_MARGIN_MS = 1_000;

/** For how long an occurrence is tried again while the table cannot be reached, in ms: cron starts the next one meanwhile. */
const TROUBLE_LIMIT_MS = 300_000;

/** What is asked for, checked. */
interface Asked {
  readonly name: string;
  readonly once: boolean;
  readonly keep: boolean;
  readonly atMostOnce: boolean;
  readonly id: string | undefined;
  readonly priority: number | undefined;
  readonly retryIntervalMs: number;
  readonly leading: Leading;
  /** What every term is asked to be like. */
  readonly term: { readonly durationMs: number; readonly drainMs: number; readonly lockDelayMs: number };
}

/** Does what `leasehold run` is to do; resolves with its exit code. @throws {CommandFailure}, {LeaseError} */
export async function executeRun(
  session: Session,
  name: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  if (process.platform === "win32") throw misused("run needs process groups, which Windows does not have");
  // Whoever read what leasehold says is gone: the command goes on.
  process.stderr.on("error", () => {});
  checkProgram(command[0] ?? "");
  using signals = new Signals();
  const asked = parseRun(session, name, command, options, signals);
  const { retryIntervalMs, term } = asked;
  const leases = await session.leases({ durationMs: term.durationMs, retryIntervalMs });
  const stands = !asked.once && asked.leading.tick === undefined;
  const unsubscribe = tellOfReleases(name, asked.leading.teller);
  const outcome = await (stands ? stand(leases, asked) : tryOrWait(leases, asked)).finally(unsubscribe);
  switch (outcome.kind) {
    case "exited":
      return outcome.code;
    case "lost":
      return EXIT.lost;
    case "followed":
      return EXIT.followed;
    case "told":
      return exitCodeOfSignal(signals.told.reason as NodeJS.Signals);
    default:
      return outcome satisfies never;
  }
}

/** Tells of a release that was not answered: others then have to wait for the end of the term. */
function tellOfReleases(name: string, teller: Teller): () => void {
  return onLeaseEvent((event, about) => {
    if (event !== "released" || about.lease !== name || !("result" in about)) return;
    if (about.result.kind !== "unknown") return;
    const cause = lineOf(about.result.cause);
    const words = `nobody can say whether it was released; it runs out by itself: ${cause}`;
    teller.warn({ event: "trouble", cause }, words);
  });
}

function parseRun(
  session: Session,
  name: string,
  command: readonly string[],
  options: RunOptions,
  signals: Signals,
): Asked {
  const { once = false, keep = false, atMostOnce = false, quiet = false, tick, id, priority } = options;
  if ((once || tick !== undefined) && (keep || id !== undefined || priority !== undefined)) {
    throw misused(
      "--keep, --id and --priority are for whoever waits for its turn: leave out --once and --tick",
    );
  }
  if (atMostOnce && tick === undefined)
    throw misused("--at-most-once needs --tick, which names the occurrence");
  const graceMs = parseDuration(options.grace, "--grace", 0, 3_600_000);
  const durationMs = parseDuration(options.duration, "--duration", 1_000, 86_400_000);
  return {
    name,
    once,
    keep,
    atMostOnce,
    id,
    priority: priority === undefined ? undefined : parsePriority(priority),
    retryIntervalMs: Math.min(2_000, Math.floor(durationMs / 3)),
    leading: {
      command,
      graceMs,
      tick: tick === undefined ? undefined : occurrenceOf(tick, performance.timeOrigin),
      signals,
      teller: new Teller(session.output, name, quiet),
    },
    // The lease stays closed to others while the command of a term that ran out is being ended.
    term: { durationMs, drainMs: graceMs, lockDelayMs: graceMs + KILL_MARGIN_MS },
  };
}

/** An empty text, such as a variable that is not set, is no number. The client knows the bounds. */
function parsePriority(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw misused(`--priority must be a whole number from -1e9 to 1e9, not "${text}"`);
}

/** Stands for the lease, and runs the command when it leads. */
async function stand(leases: LeaseClient, asked: Asked): Promise<Outcome> {
  const { name, keep, id, priority, leading, term } = asked;
  const { signals, teller } = leading;
  const enough = new AbortController();
  let troubled = false;
  let contacted = false;
  let outcome: Outcome = { kind: "told" };
  const candidate = leases.candidate(name, {
    ...term,
    id,
    priority,
    onNewLeader: ({ holder = "" }) => {
      troubled = false;
      contacted = true;
      if (holder !== candidate.id)
        teller.tell({ event: "waits", leader: holder }, `"${holder}" leads; waits`);
    },
    onTrouble: ({ cause, request }) => {
      // Of a release its result tells. Nobody waits for a registration.
      if (request === "release" || request === "register") return;
      // While it leads, the renewals tell. What is definite before the first contact is thrown.
      if (troubled || candidate.lease !== undefined) return;
      if (!contacted && !isLeaseError(cause, "STORE_UNAVAILABLE")) return;
      troubled = true;
      teller.retries(cause);
    },
  });
  await candidate.run(
    async (lease) => {
      outcome = await lead(lease, leading);
      // Who told the command to end told leasehold, too.
      if (outcome.kind !== "lost" || !keep || signals.endPassedOn) enough.abort();
      else outcome = { kind: "told" };
    },
    { signal: AbortSignal.any([signals.told, enough.signal]) },
  );
  return outcome;
}

/** Thrown by the work of an occurrence that is not done: nothing else leaves it open to another try. */
class NotDone extends Error {}

/** What came of a try that did not lead. */
type Followed = Extract<RunResult<never>, { kind: "followed" }>;

/** Tries to lead; with a tick waits until the occurrence is done by whoever. */
async function tryOrWait(
  leases: LeaseClient,
  asked: Asked,
): Promise<Outcome | { readonly kind: "followed" }> {
  const { once, leading } = asked;
  const { signals, tick, teller } = leading;
  let failingFrom: number | undefined;
  while (!signals.told.aborted) {
    const tried = await tryOnce(leases, asked).catch((error: unknown) => {
      const passes = isLeaseError(error, "STORE_UNAVAILABLE");
      const isNew = failingFrom === undefined;
      const from = (failingFrom ??= performance.now());
      if (once || !passes || performance.now() - from >= TROUBLE_LIMIT_MS) throw error;
      if (isNew) teller.retries(error);
    });
    if (tried !== undefined) {
      if (tried.kind !== "followed") return tried;
      const { reason, state } = tried;
      if (once || reason === "tick-done" || reason === "tick-passed") {
        const words = `${sayFollowed(tried, tick)}; the command is not run`;
        teller.tell({ event: "followed", reason, leader: state.holder ?? null }, words);
        return { kind: "followed" };
      }
      failingFrom = undefined;
    }
    // A look that is answered does not end an outage: tries are writes, which may fail alone. Somebody else's lead does.
    if (await untilFree(leases, asked)) failingFrom = undefined;
  }
  return { kind: "told" };
}

/**
 * Waits until another try makes sense, as far as can be seen: looks are a fifth of the price of tries. Resolves with whether somebody
 * was seen to lead.
 */
async function untilFree(leases: LeaseClient, { name, leading, retryIntervalMs }: Asked): Promise<boolean> {
  const { signals, tick, teller } = leading;
  const { told: signal } = signals;
  let leader: string | undefined;
  while (!signal.aborted) {
    // What cannot be read is tried: that tells why.
    const state = await leases.get(name).catch(() => undefined);
    if (state?.kind === "held" && state.holder !== leader) {
      leader = state.holder;
      teller.tell({ event: "waits", leader }, `"${leader}" leads; waits`);
    }
    await sleep(retryIntervalMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    const isDone = tick !== undefined && state?.tick !== undefined && state.tick >= tick;
    if (state?.kind !== "held" || isDone) break;
  }
  return leader !== undefined;
}

async function tryOnce(
  leases: LeaseClient,
  { name, atMostOnce, leading, term }: Asked,
): Promise<Outcome | Followed> {
  const { tick, signals } = leading;
  let outcome: Outcome = { kind: "told" };
  const work = async (lease: Parameters<typeof lead>[0]): Promise<never> => {
    outcome = await lead(lease, leading);
    if (outcome.kind === "exited" && outcome.code === 0) lease.complete();
    throw new NotDone();
  };
  try {
    const occurrence =
      tick === undefined
        ? {}
        : ({ tick, tickPolicy: atMostOnce ? "at-most-once" : "until-success" } as const);
    const result = await leases.run(name, work, { ...term, ...occurrence, signal: signals.told });
    return result.kind === "followed" ? result : outcome;
  } catch (error) {
    if (error instanceof NotDone) return outcome;
    if (isLeaseError(error, "ABORTED")) return { kind: "told" };
    throw error;
  }
}

function sayFollowed({ reason, state }: Followed, tick: string | undefined): string {
  switch (reason) {
    case "held":
      return `"${state.holder ?? "someone else"}" leads`;
    case "reserved":
      return `kept for ${state.reservedFor ? `"${state.reservedFor}"` : "nobody, for a while"}`;
    case "tick-done":
      return `the occurrence ${tick ?? ""} is done`;
    case "tick-passed":
      return `a later occurrence than ${tick ?? ""} is done`;
    default:
      return reason satisfies never;
  }
}
