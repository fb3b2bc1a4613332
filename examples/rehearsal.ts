import { LeaseClient } from "leasehold";
import { type RehearsalReport, rehearse } from "leasehold/testing";

/** Puts a job through a seeded election with faults: it may only ever append under rising tokens. */
export async function rehearseMyJob(seed: number): Promise<{ written: number[]; report: RehearsalReport }> {
  const written: number[] = []; // stands for storage that checks the token
  const report = await rehearse({
    seed,
    job: async ({ signal, sleep, ...process }) => {
      await using leases = new LeaseClient(process);
      for (let tick = 0; !signal.aborted; tick += 1) {
        const work = async (lease: { token: number }): Promise<void> => {
          await sleep(5_000); // the job's own work
          if (lease.token >= (written.at(-1) ?? 0)) written.push(lease.token);
        };
        await leases.run("my-job", work).catch(() => undefined); // no answer: the next tick tries again
        await sleep(10_000);
      }
    },
  });
  return { written, report };
}
