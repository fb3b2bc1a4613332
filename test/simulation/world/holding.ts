import type { Group } from "../../../lib/client/group.ts";
import type { Semaphore } from "../../../lib/client/semaphore.ts";
import type { StoreLeaseClient } from "../../../lib/client/lease-client.ts";
import type { Lease } from "../../../lib/client/lease.ts";
import { addressOf } from "../address.ts";
import { shardRow } from "../../../lib/core/names.ts";
import { during, forgive, operate, release, type Actor } from "./actor.ts";
import { GROUP } from "./ground.ts";
import { operations } from "./terms.ts";
import { shardWishes, toil } from "./working.ts";

/** How many terms a process holds at a time, at most. */
const AT_ONCE = 3;

/** What has one lease or another to give: a group, whose shard has to be named, or a semaphore. */
interface Source {
  readonly what: "hold" | "permit";
  tryAcquire(): ReturnType<Group["tryAcquire"]>;
  acquire(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Lease>;
  run(work: (lease: Lease) => Promise<void>, signal: AbortSignal): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Holds shards now and then, some at a time, as a process that is no worker. */
export async function hold(actor: Actor): Promise<void> {
  const { identity, draws, world } = actor;
  const { lockDelayMs, drainMs, reserveForMs, holdAtLeastMs } = identity.terms;
  const asked = { drainMs, reserveForMs, holdAtLeastMs };
  const shard = (): string => draws.pick(world.ground?.shards ?? []);
  await hands(actor, (client) => {
    const group = client.group(GROUP, { lockDelayMs, id: identity.id });
    return {
      what: "hold",
      tryAcquire: () => group.tryAcquire(shard(), asked),
      acquire: (options) => {
        const wanted = shard();
        return waiting(actor, wanted, () => group.acquire(wanted, { ...asked, ...options }));
      },
      run: (does, signal) => group.run(shard(), does, { ...asked, signal }),
      close: () => group.close(),
    };
  });
}

/** Notes who waits for which shard, and for how long. Whoever waits for the promise waits no longer for that. */
function waiting<T>({ world, process }: Actor, shard: string, call: () => Promise<T>): Promise<T> {
  const lease = addressOf({ name: GROUP, row: shardRow(shard) });
  const wait = { process: process.name, operation: operations.getStore() ?? 0, lease };
  world.record({ kind: "waits", ...wait });
  const over = call();
  const note = (): void => world.record({ kind: "waited", ...wait });
  over.then(note, note);
  return over;
}

/** Wants a permit now and then, any of them. */
export async function permit(actor: Actor): Promise<void> {
  const { draws, world, identity } = actor;
  const { lockDelayMs, holdAtLeastMs } = identity.terms;
  const counts = world.scenario.group?.permits ?? [1];
  await hands(actor, (client) => {
    const permits = draws.pick(counts);
    const semaphore: Semaphore = client.semaphore(GROUP, { permits, lockDelayMs, holdAtLeastMs });
    return {
      what: "permit",
      tryAcquire: () => semaphore.tryAcquire(),
      acquire: (options) => semaphore.acquire(options),
      run: (does, signal) => semaphore.run(does, { signal }),
      close: () => semaphore.close(),
    };
  });
}

async function hands(actor: Actor, sourceOf: (client: StoreLeaseClient) => Source): Promise<void> {
  const { draws, role, world } = actor;
  const { durationMs } = world.settings.timing;
  const under = new Set<Promise<void>>();
  let client = actor.newClient();
  let source = sourceOf(client);
  while (!world.faultsStopped) {
    await actor.sleep(draws.spread(...(role.restMs ?? ([20, durationMs] as const))));
    if (under.size >= AT_ONCE) await Promise.race(under);
    if (draws.happens(role.forgetful ?? 0.1)) {
      const closing = draws.pick(["client", "source"] as const);
      const present = client;
      const closes = closing === "client" ? () => actor.close(present) : () => source.close();
      for (const { log } of world.openOf(actor.process))
        world.record({ kind: "release-asked", term: log, completed: false });
      const closed = closes().catch((error: unknown) => forgive(actor, error));
      const anew = closing === "client" || draws.happens(0.5);
      // A stable id is one session's at a time (A4): the next begins when the last is over, with all that was held through it.
      if (actor.identity.id !== undefined && anew) await Promise.all([closed, ...under]);
      if (closing === "client") client = actor.newClient();
      if (anew) source = sourceOf(client);
    }
    const once = one(actor, source).catch((error: unknown) => forgive(actor, error));
    const over = once.finally(() => under.delete(over));
    under.add(over);
  }
}

/** Asks for one lease in one of the ways that there are, and holds it for a while. */
async function one(actor: Actor, source: Source): Promise<void> {
  const { draws } = actor;
  const wishes = shardWishes(actor);
  const how = draws.pick(["tryAcquire", "tryAcquire", "acquire", "run"] as const);
  const options = { timeoutMs: Math.floor(draws.spread(100, 20_000)), signal: abortedSoon(actor) };
  if (how === "run") {
    const does = (lease: Lease): Promise<void> =>
      during(actor, lease, wishes, (open) => {
        counted(actor, source);
        return toil(actor, open);
      });
    await operate(
      actor,
      source.what,
      {},
      () => source.run(does, options.signal),
      () => "other",
    );
    return;
  }
  const lease =
    how === "acquire"
      ? await operate(
          actor,
          source.what,
          {},
          () => source.acquire(options),
          () => "acquired",
        )
      : await tried(actor, source);
  if (lease === undefined) return;
  await during(actor, lease, wishes, async (open) => {
    counted(actor, source);
    await toil(actor, open).catch((error: unknown) => forgive(actor, error));
    await release(actor, open, false);
  });
}

/** Has all who hold permits say so: any two of them count, whichever they are. */
function counted({ world }: Actor, { what }: Source): void {
  if (what === "permit") world.rollCall("overlap");
}

async function tried(actor: Actor, source: Source): Promise<Lease | undefined> {
  const result = await operate(
    actor,
    source.what,
    {},
    () => source.tryAcquire(),
    ({ kind }) => kind,
  );
  return result?.kind === "acquired" ? result.lease : undefined;
}

/** Some lose patience. */
function abortedSoon({ draws, process }: Actor): AbortSignal {
  const stop = new AbortController();
  if (draws.happens(0.15)) process.timer(draws.spread(10, 10_000), () => stop.abort());
  return stop.signal;
}
