import { createServer } from "node:http";
import type { Lease, LeaseClient } from "leasehold";

/** What a service that has one leader is made of. */
export interface Service {
  readonly leases: LeaseClient;
  /** Where others reach it while it leads. */
  readonly endpoint: string;
  /** Higher is stronger: the larger machine, the nearer region, the newer version. */
  readonly priority?: number;
  /** Only what the platform gives to one process at a time, such as a StatefulSet's pod name. */
  readonly id?: string;
  readonly probePort: number;
  /** A piece of the leader's work, short beside `drainMs`. */
  readonly step: (lease: Lease) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Leads whenever it can, until the signal is aborted. */
export async function serve(service: Service): Promise<void> {
  const { leases, endpoint, priority, id, probePort, step, signal } = service;
  const candidate = leases.candidate("orders-writer", {
    id,
    priority,
    drainMs: 20_000,
    onElected: ({ token }) => console.log(`leads with token ${token}`),
    onLost: ({ reason }) => console.log(`leads no more: ${reason}`),
    onNewLeader: ({ holder }) => console.log(`leader: ${holder}`),
  });

  const probe = createServer((_request, response) => {
    response.writeHead(candidate.healthy() ? 200 : 503).end();
  }).listen(probePort);

  try {
    await candidate.run(
      async (lease) => {
        const handingOver = new AbortController();
        void lease.handover.then(() => handingOver.abort());
        const enough = AbortSignal.any([lease.signal, handingOver.signal]);
        await lease.proclaim({ endpoint });
        while (!enough.aborted) await step(lease); // finishes a piece, and begins no other
      },
      { signal },
    );
  } finally {
    probe.close();
  }
}
