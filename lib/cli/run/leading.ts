import { onLeaseEvent } from "../../diagnostics/channels.ts";
import type { Lease } from "../../client/lease.ts";
import { describeEnd, type Handover } from "../../core/term.ts";
import { lineOf } from "../failure.ts";
import { spanOf } from "../lease-view.ts";
import { CommandGroup } from "./command-group.ts";
import { Deadline } from "./deadline.ts";
import { Guard } from "./guard.ts";
import type { Signals } from "./signals.ts";
import type { Teller } from "./teller.ts";

/** What a run of the command needs. */
export interface Leading {
  readonly command: readonly string[];
  /** How long the command may take from SIGTERM to its end, in ms. */
  readonly graceMs: number;
  /** The occurrence that it is for, if there is one, as the command is told. */
  readonly tick: string | undefined;
  readonly signals: Signals;
  readonly teller: Teller;
}

/** What came of a term. */
export type Outcome =
  /** The command ended by itself, or by a signal that was passed on to it. */
  | { readonly kind: "exited"; readonly code: number }
  /** The term ended, or is to be handed over, so the command was ended. */
  | { readonly kind: "lost" }
  /** leasehold was told to end before the command began. */
  | { readonly kind: "told" };

/**
 * Runs the command while the lease is held. Resolves once nothing of it is left.
 *
 * When the lease is to be handed over, or its term is over, the command is asked to end, and killed `graceMs` later. The grace of a
 * term that ran out is counted from its end, not from when this process noticed.
 * @throws {CommandFailure} when no process can be made
 */
export async function lead(lease: Lease, leading: Leading): Promise<Outcome> {
  const { command, graceMs, tick, signals, teller } = leading;
  if (signals.told.aborted) return { kind: "told" };
  const guard = new Guard(graceMs, (why) => {
    const cause = `the guard cannot be started: ${why}`;
    teller.warn(
      { event: "trouble", cause },
      `${cause}; until it can, nobody ends the command if leasehold is killed or stopped`,
    );
  });
  try {
    const group = CommandGroup.make(command, environmentOf(lease, tick));
    guard.watch(group.id);
    signals.group = group;
    const watch = watchTerm(lease, group, guard, leading);
    // Time has passed: what was stopped in between may have lost the lease.
    if (lease.isHeld()) {
      teller.tell(
        { event: "leads", holder: lease.holder, token: lease.token },
        `leads as "${lease.holder}" with token ${lease.token}`,
      );
      group.open();
    }
    const code = await group.over(graceMs);
    watch.stop();
    if (watch.lost()) return { kind: "lost" };
    teller.tell({ event: "ended", code }, `the command has ended with code ${code}`);
    return { kind: "exited", code };
  } finally {
    signals.group = undefined;
    guard.dismiss();
  }
}

/** Ends the command when the term ends, and tells the guard for how long the term is good. */
function watchTerm(lease: Lease, group: CommandGroup, guard: Guard, { graceMs, teller }: Leading) {
  const deadline = new Deadline();
  let lost = false;
  let over = false;
  let failing = false;
  const end = (withinMs: number): void => {
    // What ended by itself in the same instant was not ended by this. What it has left behind is.
    lost ||= !group.hasExited;
    guard.told();
    group.end(withinMs);
  };
  guard.until(deadline.note(lease.remainingMs()));

  const unsubscribe = onLeaseEvent((name, event) => {
    if (!("token" in event) || event.token !== lease.token || event.lease !== lease.name) return;
    if (name === "renewed" && "remainingMs" in event) {
      failing = false;
      guard.until(deadline.note(event.remainingMs));
    } else if (name === "renewalFailed" && "cause" in event && "remainingMs" in event && !failing) {
      failing = true;
      const cause = lineOf(event.cause);
      const words = `a renewal failed, ${spanOf(event.remainingMs)} of the term are left: ${cause}`;
      teller.warn({ event: "trouble", cause }, words);
    }
  });

  const onHandover = ({ to }: Handover): void => {
    if (over || lost) return;
    const whom = to === undefined ? "" : ` to "${to}"`;
    teller.warn({ event: "handover", to: to ?? null }, `is to be handed over${whom}; ends the command`);
    end(graceMs);
  };
  const onAbort = (): void => {
    const how = lease.end;
    // A term that lasts was handed over, and its time to drain is up.
    if (how === undefined) return end(0);
    teller.warn(
      { event: "lost", reason: how.reason },
      `leads no more: ${describeEnd(how)}; ends the command`,
    );
    end(how.reason === "expired" ? graceMs - deadline.lateMs() : graceMs);
  };
  void lease.handover.then(onHandover);
  lease.signal.addEventListener("abort", onAbort);
  if (lease.signal.aborted) onAbort();

  return {
    lost: () => lost,
    stop: () => {
      over = true;
      unsubscribe();
      lease.signal.removeEventListener("abort", onAbort);
    },
  };
}

function environmentOf(lease: Lease, tick: string | undefined): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LEASEHOLD_NAME: lease.name,
    LEASEHOLD_TOKEN: String(lease.token),
    LEASEHOLD_HOLDER: lease.holder,
    // An outer run may have set it; `undefined` takes it away.
    LEASEHOLD_TICK: tick,
  };
}
