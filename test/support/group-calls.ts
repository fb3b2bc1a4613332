import { type Call, first, type Ground, operates, NOTHING, reads, writes } from "./calls.ts";

/** Has a shard of the group led by somebody else, with all rights, while something is done. */
const whileAnotherLeads =
  (act: (ground: Ground) => Promise<unknown>): Call["play"] & object =>
  async (ground) => {
    const group = ground.admin.group(ground.name);
    await group.tryAcquire("held");
    await act(ground);
    await group.close();
  };

/** A shard of a worker that is dead for long: its session is there still, or its row is gone. */
async function leftBehind({ name, put }: Ground, shard: string, session: "dead" | "gone"): Promise<void> {
  const term = { pk: name, holder: session, token: 5, revision: 1, writeId: "w", transitions: 1 };
  const over = { durationMs: 1_000, expiresAt: Date.now() - 600_000, weight: 1 };
  if (session === "dead") await put({ ...term, ...over, sk: `session#${session}` });
  await put({ ...term, sk: `lease#${shard}`, sessionToken: 5 });
}

/** Waits for a shard of a dead worker: it reads and ends that one's session, and takes the shard over. */
const afterADeadWorker =
  (act: (ground: Ground) => Promise<unknown>): Call["play"] & object =>
  async (ground) => {
    await leftBehind(ground, "permit-00001", "dead");
    await act(ground);
  };

const ONE_PERMIT = { permits: 1 } as const;

/** The calls of groups, workers and semaphores; see `CALLS`. */
export const GROUP_CALLS: Readonly<Record<string, Call>> = {
  "group.tryAcquire": writes(
    whileAnotherLeads(({ leases, name }) => leases.group(name).tryAcquire("held")),
    "GetItem",
  ),
  "group.acquire": writes(
    afterADeadWorker(({ leases, name }) => leases.group(name).acquire("permit-00001")),
    "GetItem",
  ),
  "group.run": writes(
    whileAnotherLeads(async ({ leases, name }) => {
      const group = leases.group(name);
      await group.run("free", async (lease) => lease.proclaim("here"));
      await group.run("held", async () => 1);
    }),
    "GetItem",
  ),
  "group.get": reads(
    "GetItem",
    whileAnotherLeads(({ leases, name }) => leases.group(name).get("held")),
  ),
  "group.observe": reads(
    "GetItem",
    whileAnotherLeads(({ leases, name }) => first(leases.group(name).observe("held"))),
  ),
  "group.list": reads("Query", ({ leases, name }) => leases.group(name).list()),
  "group.status": reads("Query", ({ leases, name }) => leases.group(name).status()),
  "group.requestStepDown": operates(
    whileAnotherLeads(({ leases, name }) => leases.group(name).requestStepDown("held")),
  ),
  "group.forceRelease": operates(
    whileAnotherLeads(({ leases, name }) => leases.group(name).forceRelease("held")),
  ),
  "group.rewindTick": operates(async ({ admin, leases, name }) => {
    await admin.group(name).run("nightly", async () => 1, { tick: "2026-01-02T00:00:00Z" });
    const group = leases.group(name);
    await group.rewindTick("nightly", "2026-01-01T00:00:00Z");
    await group.rewindTick("nightly");
  }),
  "group.worker": NOTHING,
  "group.close": writes(async ({ leases, name }) => {
    const group = leases.group(name);
    await group.tryAcquire("own");
    await group.close();
  }),

  "worker.run": writes(
    async (ground) => {
      await leftBehind(ground, "one", "dead");
      await leftBehind(ground, "two", "gone");
      const shards = ["one", "two"];
      const worker = ground.leases.group(ground.name).worker({ shards, troubleLimitMs: 0, drainMs: 0 });
      const ended = new AbortController();
      const led = new Set<string>();
      await worker.run(async ({ shard = "" }) => led.add(shard).size === 2 && ended.abort(), ended);
    },
    "Query",
    "GetItem",
  ),

  "semaphore.tryAcquire": writes(
    afterADeadWorker(({ leases, name }) => leases.semaphore(name, ONE_PERMIT).tryAcquire()),
    "Query",
  ),
  "semaphore.acquire": writes(
    afterADeadWorker(({ leases, name }) => leases.semaphore(name, ONE_PERMIT).acquire({ troubleLimitMs: 0 })),
    "Query",
  ),
  "semaphore.run": writes(
    afterADeadWorker(({ leases, name }) => leases.semaphore(name, ONE_PERMIT).run(async () => 1)),
    "Query",
  ),
  "semaphore.list": reads("Query", ({ leases, name }) => leases.semaphore(name, ONE_PERMIT).list()),
  "semaphore.close": writes(async ({ leases, name }) => {
    const semaphore = leases.semaphore(name, ONE_PERMIT);
    await semaphore.tryAcquire();
    await semaphore.close();
  }, "Query"),
};
