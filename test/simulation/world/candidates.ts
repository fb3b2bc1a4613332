import type { Candidate } from "../../../lib/client/candidate.ts";
import type { StoreLeaseClient } from "../../../lib/client/lease-client.ts";
import type { Lease } from "../../../lib/client/lease.ts";
import { isLeaseError } from "../../../lib/core/errors.ts";
import { during, forgive, lead, operate, release, type Actor, type TermWishes } from "./actor.ts";
import { tenureLogOf } from "./tenure.ts";
import { type OpenTerm, operations } from "./terms.ts";

/** A candidate that stands, and the client that it was made by. */
interface Candidacy {
  readonly client: StoreLeaseClient;
  readonly candidate: Candidate;
  readonly wishes: TermWishes;
}

/** Stands for the lease, as a service does that runs all the time: for a while, then leaves, and comes back. */
export async function stand(actor: Actor): Promise<void> {
  const { draws, role, world } = actor;
  const { durationMs } = world.settings.timing;
  let current: Candidacy | undefined;
  for (;;) {
    if (current === undefined || draws.happens(role.forgetful ?? 0.1)) {
      await current?.candidate.resign();
      current = candidateOf(actor);
    }
    const part = draws.happens(0.6) ? runs : campaigns;
    await part(actor, current);
    await actor.sleep(draws.spread(5, durationMs / 2));
  }
}

function candidateOf(actor: Actor): Candidacy {
  const { world, process, identity, lease } = actor;
  const { id, priority, minTermMs, terms } = identity;
  const number = world.nextOperation();
  const client = actor.newClient();
  const candidate = client.candidate(lease, {
    ...terms,
    id,
    priority,
    minTermMs,
    registrationMs: 8_000,
    onElected: ({ token }) => {
      const operation = operations.getStore() ?? 0;
      world.record({ kind: "elected", process: process.name, operation, candidate: number, token });
    },
    onLost: (end) => world.record({ kind: "lost", process: process.name, candidate: number, end }),
  });
  world.notifier.subscribe(process, () => candidate.notify());
  const tenure = tenureLogOf(identity, true, world.settings.timing.durationMs);
  return { client, candidate, wishes: { tick: undefined, atMostOnce: false, manual: false, tenure } };
}

function standFor<T>(
  actor: Actor,
  { id }: Candidate,
  timeoutMs: number,
  call: () => Promise<T>,
): Promise<T | undefined> {
  return operate(
    actor,
    "stand",
    {},
    () => {
      const operation = operations.getStore() ?? 0;
      const { world, process } = actor;
      world.record({ kind: "stands", process: process.name, operation, id, timeoutMs });
      return call();
    },
    () => "other",
  );
}

/** Lets the candidate do it all. */
async function runs(actor: Actor, { candidate, wishes }: Candidacy): Promise<void> {
  const { draws, process, world } = actor;
  const stop = new AbortController();
  const cancel = process.timer(draws.spread(1, 12) * world.settings.timing.durationMs, () => stop.abort());
  const work = (lease: Lease): Promise<void> =>
    during(actor, lease, wishes, async (open) => {
      await lead(actor, open, draws.spread(0.2, 6) * world.settings.timing.durationMs);
      if (draws.happens(0.1)) void handOver(actor, open, () => lease.stepDown());
      world.record({ kind: "release-asked", term: open.log, completed: true });
    });
  await standFor(actor, candidate, Infinity, () => candidate.run(work, { signal: stop.signal }));
  cancel();
}

/** Does its own bookkeeping: campaigns, and when it has led for long enough, resigns or names a successor. */
async function campaigns(actor: Actor, { candidate, client, wishes }: Candidacy): Promise<void> {
  const { draws, world } = actor;
  const { durationMs } = world.settings.timing;
  const timeoutMs = draws.happens(0.3) ? Math.floor(draws.spread(100, 60_000)) : undefined;
  const lease = await standFor(actor, candidate, timeoutMs ?? Infinity, () =>
    candidate.campaign({ timeoutMs }),
  );
  if (lease === undefined) return;
  await during(actor, lease, wishes, async (open) => {
    await lead(actor, open, draws.spread(0.2, 6) * durationMs);
    await askAgain(actor, candidate);
    const how = draws.pick(["resign", "resign", "release", "step-down", "transfer"] as const);
    if (how === "step-down") await handOver(actor, open, () => candidate.stepDown());
    if (how === "transfer") await transfer(actor, open, candidate, client);
    if (how === "release") await release(actor, open, draws.happens(0.8));
    world.record({ kind: "release-asked", term: open.log, completed: false });
    await candidate.resign();
  });
}

/** Asks for the lease that it has, in case that it has it still: some lease comes of that, or an error. */
async function askAgain(actor: Actor, candidate: Candidate): Promise<void> {
  const { world, process, draws } = actor;
  for (let times = draws.pick([0, 1, 60]); times > 0; times -= 1) {
    try {
      const lease: unknown = await candidate.campaign({ signal: AbortSignal.abort() });
      if (lease !== undefined) continue;
      world.record({ kind: "surprise", process: process.name, error: "a campaign ends without a lease" });
    } catch (error) {
      forgive(actor, error);
      return;
    }
  }
}

async function transfer(
  actor: Actor,
  open: OpenTerm,
  candidate: Candidate,
  client: StoreLeaseClient,
): Promise<void> {
  const ids = await list(actor, client);
  const to = actor.draws.pick(ids.filter((id) => id !== candidate.id));
  if (to !== undefined) await handOver(actor, open, () => candidate.transferTo(to), to);
}

async function handOver(
  actor: Actor,
  open: OpenTerm,
  call: () => Promise<unknown>,
  to?: string,
): Promise<void> {
  actor.world.record({ kind: "step-down-asked", term: open.log, to });
  await operate(
    actor,
    "operate",
    {},
    () => call().catch(refusesSuccessor),
    () => "other",
  );
}

/** Somebody who stood a moment ago may have left, and within a minimum hold nobody can be named. */
function refusesSuccessor(error: unknown): void {
  const refuses =
    isLeaseError(error, "INVALID_ARGUMENT") && /no other candidate|minimum hold/.test(error.message);
  if (!refuses) throw error;
}

async function list(actor: Actor, client: StoreLeaseClient): Promise<readonly string[]> {
  const { world, process, lease } = actor;
  const listed = await operate(
    actor,
    "operate",
    {},
    () => client.candidates(lease),
    () => "other",
  );
  const ids = listed?.map(({ id }) => id);
  if (ids !== undefined) world.record({ kind: "listed", process: process.name, ids });
  return ids ?? [];
}

/** An operator: looks who stands, asks leaders to hand over, and now and then loses patience. */
export async function oversee(actor: Actor): Promise<void> {
  const { draws, lease, world, role } = actor;
  const client = actor.newClient();
  while (!world.faultsStopped) {
    await actor.sleep(draws.spread(1_000, 60_000));
    const ids = await list(actor, client);
    const force = draws.happens(role.force ?? 0);
    const reserveFor = draws.happens(0.5) ? draws.pick(ids) : undefined;
    if (!draws.happens(0.5) || world.faultsStopped) continue;
    const ask = (): Promise<unknown> =>
      force ? client.forceRelease(lease) : client.requestStepDown(lease, { reserveFor });
    await operate(actor, "operate", {}, ask, () => "other").catch((error: unknown) => forgive(actor, error));
  }
}
