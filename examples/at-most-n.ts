import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isLeaseError, type Lease, LeaseClient, onLeaseEvent, type Semaphore } from "leasehold";

/** Does the work once it has a permit, and releases the permit when the work has settled. */
export async function whenAllowed<T>(
  semaphore: Semaphore,
  work: (lease: Lease) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await using permit = await semaphore.acquire({ signal });
  return await work(permit);
}

/** Does the work if it can have a permit now: what is to be skipped rather than to wait. */
export async function ifAllowed(
  semaphore: Semaphore,
  work: (lease: Lease) => Promise<void>,
): Promise<boolean> {
  const { kind } = await semaphore.run(work);
  return kind === "led";
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  onLeaseEvent((name, event) => {
    if (name === "requestFailed" && "cause" in event) console.error(String(event.cause)); // it tries again
    if (name === "lost") console.error(`${event.shard ?? event.lease} is lost`);
  });
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const semaphore = leases.semaphore("exports", { permits: 3 }); // the same number in every process

  /** Stands for your work: it asks before each call that counts. */
  const exportOnce = async (permit: Lease): Promise<void> => {
    console.log(`exports under ${permit.shard}, token ${permit.token}`);
    for (let page = 0; page < 5 && !stop.signal.aborted; page += 1) {
      permit.assertHeld();
      await sleep(200);
    }
  };
  try {
    console.log("waits for a permit");
    while (!stop.signal.aborted) {
      await whenAllowed(semaphore, exportOnce, stop.signal);
      await sleep(1_000, undefined, stop).catch(() => undefined); // leaves it to others for a while
    }
  } catch (error) {
    if (!isLeaseError(error, "ABORTED")) throw error; // told to stop while it waited: nothing has failed
  }
}
