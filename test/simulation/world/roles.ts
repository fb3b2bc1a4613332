import type { StoreLeaseClient } from "../../../lib/client/lease-client.ts";
import type { RunOptions } from "../../../lib/client/results.ts";
import type { OperationEnd } from "../history.ts";
import type { Role } from "../scenario.ts";
import {
  during,
  forgive,
  lead,
  operate,
  release,
  type Actor,
  type TermWishes,
  WORK_FAILED,
} from "./actor.ts";

import { oversee, stand } from "./candidates.ts";
import { operateGroup } from "./group-hands.ts";
import { hold, permit } from "./holding.ts";
import { tenureLogOf } from "./tenure.ts";
import { work as worker } from "./working.ts";

/** One delivery of one occurrence of a schedule. */
export interface Delivery {
  readonly tick: string;
  readonly atMostOnce: boolean;
}

/** A process's part: what it does by itself, and what it does with a delivery. */
export interface Player {
  readonly deliver: (delivery: Delivery) => void;
}

/** How often a client is closed soon after it was asked for, whatever is under way by then. */
const CLOSED_SOON = 0.03;

/** Keeps one client, or makes a new one now and then as forgetful roles do; some close the old one. */
function clientsOf(actor: Actor): () => StoreLeaseClient {
  const { draws, process, role } = actor;
  // In a calm world nothing unexpected happens, this neither.
  const closes = Object.keys(actor.world.scenario.rates).length > 0 ? 1 : 0;
  let client: StoreLeaseClient | undefined;
  const close = (closing: StoreLeaseClient): void => {
    if (client === closing) client = undefined;
    void actor.close(closing).catch((error: unknown) => forgive(actor, error));
  };
  return () => {
    const forget = draws.happens(role.forgetful ?? 0.1);
    if (client !== undefined && forget && draws.happens(0.5 * closes)) close(client);
    if (client === undefined || forget) client = actor.newClient();
    const present = client;
    if (draws.happens(CLOSED_SOON * closes)) process.timer(draws.spread(0.5, 3_000), () => close(present));
    const turns = Math.floor(draws.between(0, 30));
    if (draws.happens(CLOSED_SOON * closes)) actor.afterWin(present, turns, () => close(present));
    return present;
  };
}

function wishesOf(actor: Actor): TermWishes & { readonly options: RunOptions } {
  const { draws, role, identity, world } = actor;
  const manual = draws.happens(role.manual ?? 0.15);
  const limited = draws.happens(role.limited ?? 0.15);
  const termLimitMs = draws.spread(1_500, 60_000);
  const options: RunOptions = {
    ...identity.terms,
    renew: manual ? "manual" : "auto",
    ...(limited ? { termLimitMs: Math.floor(termLimitMs) } : {}),
  };
  const tenure = tenureLogOf(identity, false, world.settings.timing.durationMs);
  return { manual, tick: undefined, atMostOnce: false, options, tenure };
}

/** Waits to be elected, leads, resigns, and again: a service that runs all the time. */
export async function campaign(actor: Actor): Promise<void> {
  const { draws, lease, world } = actor;
  const clientOf = clientsOf(actor);
  const { durationMs } = world.settings.timing;
  for (;;) {
    const client = clientOf();
    const { options, ...wishes } = wishesOf(actor);
    const impatient = draws.happens(0.1);
    const timeoutMs = Math.floor(draws.spread(100, 60_000));
    const won = await operate(
      actor,
      "acquire",
      {},
      () => client.acquire(lease, impatient ? { ...options, timeoutMs } : options),
      () => "acquired",
    );
    if (won !== undefined) {
      await during(actor, won, wishes, async (open) => {
        await lead(actor, open, draws.spread(0.1, 6) * durationMs);
        // Some forget to release a term that was lost; the row then has to run out.
        if (won.end === undefined || draws.happens(0.5)) await release(actor, open, draws.happens(0.8));
      });
    }
    await actor.sleep(draws.spread(...(actor.role.restMs ?? ([5, durationMs] as const))));
  }
}

/** Tries now and then and does not wait: a job that works when it happens to lead. */
export async function poll(actor: Actor): Promise<void> {
  const { draws, lease, world } = actor;
  const clientOf = clientsOf(actor);
  const { durationMs } = world.settings.timing;
  for (;;) {
    const client = clientOf();
    const { options, ...wishes } = wishesOf(actor);
    const result = await operate(
      actor,
      "tryAcquire",
      {},
      () => client.tryAcquire(lease, options),
      ({ kind }) => kind,
    );
    if (result?.kind === "acquired") {
      await during(actor, result.lease, wishes, async (open) => {
        await lead(actor, open, draws.spread(0.1, 3) * durationMs);
        await release(actor, open, true);
      });
    }
    const atOnce = result?.kind === "refused" && draws.happens(0.4);
    const rest = draws.spread(...(actor.role.restMs ?? ([100, durationMs] as const)));
    await actor.sleep(atOnce ? result.retryAfterMs + 1 : rest);
  }
}

/**
 * Works when an occurrence of the schedule is delivered: a function. Where hosts freeze, its process stands
 * still from the end of one invocation to the beginning of the next; elsewhere it serves several at a time.
 */
export function scheduled(actor: Actor): Player {
  const clientOf = clientsOf(actor);
  const { world, process, role } = actor;
  const freezes = role.freezes ?? false;
  const waiting: Delivery[] = [];
  let busy = 0;

  const work = async (delivery: Delivery): Promise<void> => {
    busy += 1;
    await invoke(actor, clientOf(), delivery).catch((error: unknown) => forgive(actor, error));
    busy -= 1;
    const next = waiting.shift();
    if (next !== undefined) return work(next);
    if (freezes && busy === 0) {
      world.agenda.in(0.5, () => {
        if (busy === 0) world.pause(process, "freeze", Number.POSITIVE_INFINITY);
      });
    }
  };
  return {
    deliver: (delivery) => {
      if (freezes && busy === 0) world.thaw(process);
      process.deliver(() => {
        if (freezes && busy > 0) waiting.push(delivery);
        else void work(delivery);
      });
    },
  };
}

async function invoke(actor: Actor, client: StoreLeaseClient, { tick, atMostOnce }: Delivery): Promise<void> {
  const { draws, lease, world, process } = actor;
  const { options, ...wished } = wishesOf(actor);
  const wishes = { ...wished, tick, atMostOnce };
  const stop = new AbortController();
  if (draws.happens(0.1)) process.timer(draws.spread(10, 30_000), () => stop.abort());
  const tickPolicy = atMostOnce ? "at-most-once" : "until-success";
  const leadMs = draws.spread(0.05, 1.5) * world.settings.timing.durationMs;
  const fails = draws.happens(0.15);
  const endOf = (result: { readonly kind: string; readonly reason?: string }): OperationEnd =>
    result.kind === "led" ? "acquired" : result.reason?.startsWith("tick-") ? "tick-done" : "refused";
  await operate(
    actor,
    "run",
    wishes,
    () =>
      client.run(
        lease,
        (won) =>
          during(actor, won, wishes, async (open) => {
            if (process.asked(() => won.end) !== undefined)
              forgive(actor, new Error("work begins in a dead term"));
            await lead(actor, open, leadMs);
            if (fails) throw WORK_FAILED;
            // Work that was told to stop has stopped half-way, or says that it has not.
            const released = process.asked(() => won.end)?.reason === "released"; // The client was closed.
            const finishes = draws.happens(0.2) && !released;
            const done = !won.signal.aborted || finishes;
            if (finishes) won.complete();
            if (done) world.record({ kind: "work-done", term: open.log });
            world.record({ kind: "release-asked", term: open.log, completed: done });
          }),
        { ...options, tick, tickPolicy, signal: stop.signal },
      ),
    endOf,
  );
}

const PARTS = {
  campaign,
  poll,
  stand,
  operate: oversee,
  work: worker,
  hold,
  permit,
  "operate-group": operateGroup,
} as const;

/** Lets a process begin its part. */
export function play(actor: Actor): Player {
  const { role }: { readonly role: Role } = actor;
  const alone: Player = { deliver: () => undefined };
  switch (role.role) {
    case "campaign":
    case "poll":
    case "stand":
    case "operate":
    case "work":
    case "hold":
    case "permit":
    case "operate-group": {
      const part = PARTS[role.role];
      actor.process.deliver(() => {
        part(actor).catch((error: unknown) => forgive(actor, error));
      });
      return alone;
    }
    case "schedule":
      return scheduled(actor);
    default:
      return role.role satisfies never;
  }
}
