import { setTimeout as sleep } from "node:timers/promises";
import { LeaseClient } from "leasehold";
import { describe, expect, it } from "vitest";
import { engineForTests } from "../support/engine-for-tests.ts";
import { ExampleProgram } from "../support/example-program.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

const engine = engineForTests();
let tables = 0;

/** A table of its own, programs on it, and the leases of it that are not vacant. */
async function ground() {
  tables += 1;
  const table = `leases-${tables}`;
  await createLeaseTable(engine.client, table);
  return {
    table,
    start: (example: string, env: Readonly<Record<string, string>> = {}): ExampleProgram =>
      new ExampleProgram(example, {
        AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
        LEASE_TABLE_NAME: table,
        HEALTH_PORT: "0",
        ...env,
      }),
    held: async (): Promise<string[]> => {
      await using leases = new LeaseClient({ tableName: table, client: engine.client });
      const found: string[] = [];
      for await (const { name, kind } of leases.list()) if (kind !== "vacant") found.push(name);
      return found;
    },
  };
}

const tokenIn = (text: string): number => Number(/token (\d+)/.exec(text)?.[1]);

/** The programs of the README and the guides: what each prints once it leads, and once it stands by. */
const PROGRAMS = [
  ["service.ts", /a piece under token \d+/, /leader: /],
  ["acquire.mjs", /a piece under token \d+/, /waits for the lease/],
  ["from-etcd.ts", /leads with token \d+/, /leader: 10/],
  ["from-kubernetes.ts", /reconciles under token \d+/, /leader: /],
  ["from-zookeeper-and-curator.ts", /holds the latch with token \d+/, /campaigns for/],
] as const;

/** One program for each way in which they tell what goes wrong. */
const TALKING = ["service.ts", "workers.ts", "many-leases.ts"];

/** Processes start slowly on a starved machine. */
const PATIENCE = { timeout: 300_000 };

describe.concurrent("a program that is told to stop", PATIENCE, () => {
  it.each(PROGRAMS)(
    "%s leaves with exit code 0 while it leads, and holds nothing",
    async (example, leads) => {
      const { start, held } = await ground();
      await using program = start(example);
      await program.prints(leads);
      expect(await program.stop()).toMatchObject({ code: 0 });
      expect(await held()).toEqual([]);
    },
  );

  it.each(PROGRAMS)(
    "%s leaves with exit code 0 on Ctrl-C while it waits, and claims nothing",
    async (example, leads, waits) => {
      const { start, held } = await ground();
      await using leader = start(example);
      await leader.prints(leads);
      await using standby = start(example);
      await standby.prints(waits);
      await sleep(1_000); // its first try has been refused by now, and it is between two looks
      expect(await standby.interrupt()).toMatchObject({ code: 0, printed: expect.not.stringMatching(leads) });
      expect(await leader.interrupt()).toMatchObject({ code: 0 });
      expect(await held()).toEqual([]);
    },
  );

  it("from-shedlock.ts leaves with exit code 0 while it waits for the next occurrence", async () => {
    const { start, held } = await ground();
    await using program = start("from-shedlock.ts");
    await program.prints(/runs the schedule/);
    expect(await program.interrupt()).toMatchObject({ code: 0 });
    expect(await held()).toEqual([]);
  });
});

describe.concurrent("a program that does not reach its table", PATIENCE, () => {
  it.each(TALKING)("%s says so", async (example) => {
    await using program = new ExampleProgram(example, {
      AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:9", // nobody listens there
      LEASE_TABLE_NAME: "leases",
    });
    await program.prints(/ECONNREFUSED|connection refused/);
  });
});

describe.concurrent("a program's successor", PATIENCE, () => {
  it("of etcd's guide leads within a retry, with a higher token", async () => {
    const { start } = await ground();
    await using first = start("from-etcd.ts", { ENDPOINT: "one:1" });
    const led = await first.prints(/leader: one:1/);
    await using second = start("from-etcd.ts", { ENDPOINT: "two:1" });
    await second.prints(/leader: one:1/);
    expect(await first.stop()).toMatchObject({ code: 0 });
    const leads = await second.prints(/leads with token \d+[^]*leader: two:1/);
    expect(tokenIn(leads)).toBeGreaterThan(tokenIn(led));
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  it("of the README's service leads within a retry, and is found while it leads", async () => {
    const { start, table } = await ground();
    await using first = start("service.ts");
    const led = await first.prints(/a piece under token/);
    await using second = start("service.ts");
    await second.prints(/leader: /);
    expect(await first.stop()).toMatchObject({ code: 0 });
    const leads = await second.prints(/a piece under token/);
    expect(tokenIn(leads)).toBeGreaterThan(tokenIn(led));
    await using leases = new LeaseClient({ tableName: table, client: engine.client });
    expect(await leases.get("writer")).toMatchObject({ kind: "held", value: { endpoint: "10.0.0.7:8080" } });
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});
