import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Lease, LeaseClient, type RefusalReason } from "leasehold";

/** What became of one occurrence on this node. */
export type Outcome = "done" | RefusalReason | "failed";

/** One node of several that all run the same schedule: it does each occurrence that no other node does. */
export async function runNode(
  leases: LeaseClient,
  job: (lease: Lease, tick: string) => Promise<void>,
  options: {
    readonly everyMs: number;
    readonly signal: AbortSignal;
    readonly onOutcome: (tick: string, outcome: Outcome) => void;
  },
): Promise<void> {
  const { everyMs, signal, onOutcome } = options;
  for (let due = 0; ; ) {
    due = Math.max(due, Math.floor(Date.now() / everyMs) * everyMs) + everyMs;
    await sleep(due - Date.now(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const tick = new Date(due).toISOString(); // the scheduled time, the same on every node
    const outcome = await leases
      .run("nightly-close", (lease) => job(lease, tick), { tick, signal, termLimitMs: 14 * 60_000 })
      .then(
        (result): Outcome => (result.kind === "led" ? "done" : result.reason),
        (): Outcome => "failed", // the occurrence is not done: whoever tries next may lead it
      );
    onOutcome(tick, outcome);
  }
}

/**
 * `@SchedulerLock(name = "refresh", lockAtMostFor = "30s", lockAtLeastFor = "10s")`, for triggers that carry no
 * scheduled time. Says whether this node did it.
 */
export async function refresh(leases: LeaseClient, job: (lease: Lease) => Promise<void>): Promise<boolean> {
  const result = await leases.run("refresh", job, { termLimitMs: 30_000, holdAtLeastMs: 10_000 });
  return result.kind === "led";
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const close = async (lease: Lease, tick: string): Promise<void> => {
    for (const account of ["a", "b", "c"]) {
      lease.assertHeld(); // not LockAssert: this asks whether the term still lasts
      console.log(`closes account ${account} for ${tick} under token ${lease.token}`);
    }
  };
  const onOutcome = (tick: string, outcome: Outcome): void => console.log(`${tick}: ${outcome}`);
  console.log("runs the schedule");
  await runNode(leases, close, { everyMs: 15 * 60_000, signal: stop.signal, onOutcome });
}
