import { StoreLeaseClient } from "../../../lib/client/lease-client.ts";
import type { Lease } from "../../../lib/client/lease.ts";
import { isLeaseError, type LeaseErrorCode } from "../../../lib/core/errors.ts";
import type { OperationEnd, OperationKind, TermLog } from "../history.ts";
import type { Role } from "../scenario.ts";
import type { Draws } from "./chance.ts";
import { SimStore } from "./network.ts";
import type { SimProcess } from "./process.ts";
import { identityOf, type Identity } from "./tenure.ts";
import type { Witness } from "./witness.ts";
import { type OpenTerm, operations } from "./terms.ts";
import { type ClientWatch, watchedClient } from "./watched-client.ts";
import type { World } from "./world.ts";

/** What a process has to play a role with. */
export interface Actor {
  readonly world: World;
  readonly process: SimProcess;
  readonly witness: Witness;
  readonly lease: string;
  readonly draws: Draws;
  readonly role: Role;
  readonly identity: Identity;
  newClient(): StoreLeaseClient;
  /** Has something happen some turns of the promise queue after the next claim of a client has been answered. */
  afterWin(client: StoreLeaseClient, turns: number, happen: () => void): void;
  /** Closes a client, and sees to it that nothing comes of it any more. */
  close(client: StoreLeaseClient): Promise<void>;
  /** Waits by the process's own clock, or until the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What a candidate asks of the next term. */
export type TermWishes = Pick<TermLog, "tick" | "atMostOnce" | "manual" | "tenure">;

const EXPECTED: readonly LeaseErrorCode[] = [
  "STORE_UNAVAILABLE",
  "LEASE_LOST",
  "ABORTED",
  "ACQUIRE_TIMEOUT",
  "CLIENT_CLOSED",
];

/** Sets the actor for a process. */
export function actorOf(
  world: World,
  process: SimProcess,
  witness: Witness,
  role: Role,
  lease: string,
): Actor {
  const store = world.tamper.store(new SimStore(world, process), process);
  const clock = world.tamper.clock(process);
  const watched = new Map<StoreLeaseClient, ClientWatch>();
  const draws = world.chance.of(`${process.name}/role`);
  // Some hosts keep their candidates' label across restarts, some do not.
  const holder = draws.happens(0.5) ? process.host : process.name;
  return {
    world,
    process,
    witness,
    lease,
    draws,
    role,
    identity: identityOf(world, process, role),
    newClient() {
      const watch = watchedClient({ store, clock, random: process }, (error) =>
        world.record({ kind: "surprise", process: process.name, error }),
      );
      const ports = { store: watch.store, clock: watch.clock, random: watch.random };
      const client = new StoreLeaseClient({ ...world.settings.options, ...ports, holder });
      watched.set(client, watch);
      return client;
    },
    afterWin: (client, turns, happen) => watched.get(client)?.afterWin(turns, happen),
    async close(client) {
      const watch = watched.get(client);
      for (const { log } of world.openOf(process)) {
        if (watch?.owns(log.holder)) world.record({ kind: "release-asked", term: log, completed: false });
      }
      await client.close();
      watch?.closed();
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const cancel = process.timer(ms, resolve);
        signal?.addEventListener("abort", () => {
          cancel();
          resolve();
        });
      }),
  };
}

/** Runs one operation of the public surface under a number of its own, and notes what it came to. */
export async function operate<T>(
  actor: Actor,
  what: OperationKind,
  wishes: Partial<TermWishes>,
  call: () => Promise<T>,
  endOf: (result: T) => OperationEnd,
): Promise<T | undefined> {
  const { world, process, lease } = actor;
  const operation = world.nextOperation();
  const { tick, atMostOnce = false } = wishes;
  world.record({ kind: "operation", process: process.name, operation, what, lease, tick, atMostOnce });
  let end: OperationEnd = "other";
  try {
    const result = await operations.run(operation, call);
    end = endOf(result);
    return result;
  } catch (error) {
    if (isLeaseError(error, "STORE_UNAVAILABLE")) end = "unavailable";
    forgive(actor, error);
    return undefined;
  } finally {
    world.record({ kind: "operation-ended", process: process.name, operation, end });
  }
}

/** Errors that faults explain are part of the game; any other is a surprise, and surprises are violations. */
export function forgive({ world, process }: Actor, error: unknown): void {
  if (isLeaseError(error, ...EXPECTED) || error === WORK_FAILED) return;
  // Occurrences here are true ones: a host that takes one for the day after tomorrow's has a clock that is a day behind.
  if (isLeaseError(error, "INVALID_ARGUMENT") && error.message.includes("more than a day ahead")) return;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  world.record({ kind: "surprise", process: process.name, error: text });
}

/** The number under which renewals and proclamations go that a leader asked for itself. */
export const BY_HAND = -1;

/** What guarded work fails with when it fails by itself. */
export const WORK_FAILED: unique symbol = Symbol("the work failed");

/** Leads for a while: fenced writes, now and then a proclamation, renewals by hand where nothing else renews. */
export async function lead(actor: Actor, open: OpenTerm, forMs: number): Promise<void> {
  const { process, draws, world } = actor;
  const { log, lease } = open;
  const lingers = draws.happens(actor.role.lingering ?? 0.2) && log.manual;
  const lengthMs = lingers ? 3 * world.settings.timing.durationMs : forMs;
  const diligence = lingers ? 0 : draws.pick([0.1, 0.5]);
  const until = process.now().mono + lengthMs;
  const step = Math.max(50, lengthMs / 6);
  const byHand = (write: () => Promise<void>): Promise<void> =>
    operations.run(BY_HAND, write).catch((error: unknown) => forgive(actor, error));
  while (process.now().mono < until) {
    // Careful leaders wake up when their signal is aborted; others notice at their next look.
    await actor.sleep(draws.spread(step / 5, step * 2), draws.happens(0.7) ? lease.signal : undefined);
    if (!lease.isHeld()) return;
    if (draws.happens(0.5)) actor.witness.write(log, process.lagMs);
    if (!lingers && draws.happens(0.1)) await byHand(() => lease.proclaim(`at ${world.agenda.now}`));
    if (log.manual && draws.happens(diligence)) await byHand(() => lease.renew());
  }
}

/** Notes a term that began, for as long as `use` lasts. */
export async function during<T>(
  actor: Actor,
  lease: Lease,
  wishes: TermWishes,
  use: (open: OpenTerm) => Promise<T>,
): Promise<T> {
  const open = actor.world.began(actor.process, lease, wishes);
  const over = actor.process.asked(() => lease.end)?.reason === "released";
  // The client was closed between the win and now.
  if (over) actor.world.record({ kind: "release-asked", term: open.log, completed: false });
  onOpened(actor, open);
  try {
    return await use(open);
  } finally {
    actor.world.ended(open);
  }
}

/** Notes when a leader is told to hand over. */
function onOpened(actor: Actor, { log, lease }: OpenTerm): void {
  const { world, process } = actor;
  const note = async (): Promise<void> => {
    const { to } = await lease.handover;
    world.record({ kind: "handover", term: log, to, lagMs: process.lagMs });
  };
  void note();
}

/** Releases in one of the ways that there are, and notes it. */
export async function release(actor: Actor, open: OpenTerm, completed: boolean): Promise<void> {
  const { world } = actor;
  world.record({ kind: "release-asked", term: open.log, completed });
  const { kind } = await open.lease.release({ completed });
  world.record({ kind: "release-answered", term: open.log, result: kind });
}
