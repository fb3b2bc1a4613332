import { setTimeout as sleep } from "node:timers/promises";
import { isLeaseError, LeaseClient, onLeaseEvent } from "leasehold";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop.abort());

onLeaseEvent((name, { cause }) => {
  if (name === "requestFailed") console.error(String(cause)); // it tries again by itself
});

const leases = new LeaseClient({ tableName: process.env.LEASE_TABLE_NAME });
try {
  console.log("waits for the lease");
  const lease = await leases.acquire("writer", { signal: stop.signal });
  try {
    const enough = AbortSignal.any([lease.signal, stop.signal]); // the term is over, or the process is to end
    while (!enough.aborted) await writeNextPiece(lease);
  } finally {
    await lease.release(); // what leaving the block of `await using lease` does
  }
} catch (error) {
  if (!isLeaseError(error, "ABORTED")) throw error; // told to stop while it waited: nothing has failed
} finally {
  await leases.close(); // what leaving the block of `await using leases` does
}

async function writeNextPiece({ token }) {
  console.log(`writes a piece under token ${token}`);
  await sleep(500);
}
