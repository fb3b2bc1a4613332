import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Candidate, LeaseClient } from "leasehold";

/** What a controller is told of its election: LeaderCallbacks. */
export interface Callbacks {
  readonly onStartedLeading: (token: number) => void;
  readonly onStoppedLeading: (why: string) => void;
  readonly onNewLeader: (identity: string | undefined) => void;
}

/** NewLeaderElector. Nothing is sent before it runs. */
export function newElector(leases: LeaseClient, callbacks: Callbacks): Candidate {
  return leases.candidate("orders-controller", {
    onElected: ({ token }) => callbacks.onStartedLeading(token),
    onLost: ({ reason }) => callbacks.onStoppedLeading(reason),
    onNewLeader: ({ holder }) => callbacks.onNewLeader(holder),
  });
}

/** Run: reconciles every `periodMs` while it leads, until the signal is aborted; then releases. */
export async function runController(
  elector: Candidate,
  reconcile: (token: number) => Promise<void>,
  { periodMs, signal }: { readonly periodMs: number; readonly signal: AbortSignal },
): Promise<void> {
  await elector.run(
    async (lease) => {
      for (;;) {
        lease.assertHeld(); // throws once the term is over, which ends this term's work
        await reconcile(lease.token); // storage checks the token: client-go has none
        await sleep(periodMs, undefined, { signal: lease.signal });
      }
    },
    { signal },
  );
}

/** The WatchDog: a livenessProbe restarts the pod when the election hangs, not when DynamoDB is out of reach. */
export function serveHealth(elector: Candidate, port: number): Server {
  const server = createServer((_request, response) => {
    response.writeHead(elector.healthy({ toleranceMs: 20_000 }) ? 200 : 500).end();
  });
  return server.listen(port);
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  await using leases = new LeaseClient({
    tableName: process.env["LEASE_TABLE_NAME"],
    holder: process.env["POD_NAME"], // for people to read: a random part follows
    durationMs: 15_000, // LeaseDuration
    retryIntervalMs: 2_000, // RetryPeriod
  });
  const elector = newElector(leases, {
    onStartedLeading: (token) => console.log(`leads with token ${token}`),
    onStoppedLeading: (why) => console.log(`leads no more: ${why}`),
    onNewLeader: (identity) => console.log(`leader: ${identity}`),
  });
  const health = serveHealth(elector, Number(process.env["HEALTH_PORT"] ?? 8081));
  const reconcile = async (token: number): Promise<void> => console.log(`reconciles under token ${token}`);
  await runController(elector, reconcile, { periodMs: 10_000, signal: stop.signal });
  health.close();
}
