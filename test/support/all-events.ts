import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import { leaseErrorOf } from "./failures.ts";
import { type Manual, manual } from "./manual.ts";
import { UNANSWERED } from "./probe-store.ts";
import { shifted } from "./shifted-clock.ts";

/** Goes through elections for one lease in which everything happens that there is an event for, with real clients in virtual time. */
export async function everythingHappens(lease: string): Promise<void> {
  const world = manual();
  await claimsByAWrongClock(world, lease);
  await renewsThroughTrouble(world, lease);
  await crashesAndIsFollowed(world, lease);
  await handsOver(world, lease);
  await missesAnOccurrence(world, lease);
  await writesTooLate(world, lease);
  await failsAtAShard(world, lease);
  await losesASession(world, lease);
}

/** Ann leads, bob does not; two renewals are not answered, and contact returns. */
async function renewsThroughTrouble({ clock, store, client }: Manual, name: string): Promise<void> {
  const lease = await client().acquire(name, { renew: "manual" });
  await client({ holder: "bob" }).tryAcquire(name);
  await clock.advance(1_000);
  await lease.renew();
  store.onWrite = async () => UNANSWERED;
  await lease.renew().catch(() => undefined);
  await clock.advance(2_000);
  await lease.renew().catch(() => undefined);
  store.onWrite = undefined;
  await lease.renew();
  await lease.release();
}

/** Ann stops renewing, and bob takes over once her term is over by the service's clock. */
async function crashesAndIsFollowed({ clock, client }: Manual, name: string): Promise<void> {
  await client().acquire(name, { renew: "manual" });
  await clock.advance(20_000);
  const lease = await client({ holder: "bob" }).acquire(name);
  await lease.release();
}

async function handsOver({ client }: Manual, name: string): Promise<void> {
  const lease = await client().acquire(name);
  await lease.stepDown({ drainMs: 0 });
}

/** An occurrence is done, and the one before it comes late. */
async function missesAnOccurrence({ clock, client }: Manual, name: string): Promise<void> {
  const now = clock.now().wall;
  const leases = client();
  const result = await leases.tryAcquire(name, { tick: new Date(now) });
  if (result.kind !== "acquired") throw new Error(`refused: ${result.reason}`);
  await result.lease.release();
  await leases.tryAcquire(name, { tick: new Date(now - 60_000) });
}

/** A claim of a fresh row is stamped by a clock that is half a minute behind, and is corrected. */
async function claimsByAWrongClock({ clock, client }: Manual, name: string): Promise<void> {
  const lease = await client({ clock: shifted(clock, -30_000) }).acquire(name);
  await lease.release();
}

/** A worker leads one shard of a group, its session is renewed, and its work throws. */
async function failsAtAShard({ clock, client }: Manual, name: string): Promise<void> {
  const ended = new AbortController();
  const worker = client()
    .group(name)
    .worker({ shards: ["1"] });
  const work = async (): Promise<never> => {
    await clock.advance(6_000);
    ended.abort();
    throw new Error("the work fails");
  };
  await worker.run(work, ended);
}

/** A process stands still for longer than its session lasts, and loses its shard with it. */
async function losesASession({ clock, client }: Manual, name: string): Promise<void> {
  const lease = await client().group(name).acquire("1");
  clock.freeze(20_000);
  if (lease.isHeld()) throw new Error("a shard outlived its session");
}

/** A guard has admitted a later token. The resource bears the lease's name, so that all is told of one. */
async function writesTooLate({ store }: Manual, resource: string): Promise<void> {
  await using guard = new FenceGuard({ store });
  await guard.admit(resource, 9);
  await leaseErrorOf(guard.admit(resource, 5), "FENCED");
}
