import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { runCli, startCli } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable, deleteRow, putRow, rowOf } from "../support/lease-tables.ts";

const PAGE = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");

const engine = engineForTests();
let tables = 0;

/** The commands of a section of the page, in their order. */
function commandsOf(heading: string): string[] {
  const [, section = ""] = PAGE.split(new RegExp(`^## ${heading}$`, "m"));
  const [own = ""] = section.split(/^## /m);
  const blocks = [...own.matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n")).filter((line) => line.startsWith("leasehold "));
}

/** A table with what a night has left behind, and the commands of a section run on it one after the other. */
async function playing(heading: string, arrange: (table: string) => Promise<void>) {
  const table = `leases-${(tables += 1)}`;
  await createLeaseTable(engine.client, table);
  await arrange(table);
  const said = new Map<string, { readonly code: number | null; readonly text: string }>();
  for (const command of commandsOf(heading)) {
    const { code, text } = await running(table, command.split(" ").slice(1));
    // Of a command that the section has twice, what it says at last.
    said.set(command.replace("leasehold ", ""), { code, text });
  }
  return { table, said: (command: string) => said.get(command) ?? { code: undefined, text: "not run" } };
}

async function running(table: string, args: readonly string[]) {
  const settings = { endpoint: engine.endpoint, table };
  if (args[0] !== "watch") {
    const { code, stdout, stderr } = await runCli(settings, ...args);
    return { code, text: stdout + stderr };
  }
  // Whoever watches ends it; here after its first line.
  const run = await startCli(settings, ...args);
  run.child.stdout?.once("data", () => run.child.kill("SIGTERM"));
  const { code, stdout, stderr } = await run.ended();
  return { code, text: stdout + stderr };
}

/** A row as a client leaves it; times are so many ms from now. */
function row(
  given: Record<string, unknown>,
  at: { readonly renewed?: number; readonly expires?: number } = {},
) {
  const now = Date.now();
  const { renewed = 0, expires } = at;
  return {
    pk: "writer",
    sk: "lease",
    token: now - 3_600_000,
    revision: 9,
    writeId: "w9",
    transitions: 3,
    durationMs: 15_000,
    acquiredAt: now - 3_600_000,
    renewedAt: now + renewed,
    ...(expires === undefined ? {} : { expiresAt: now + expires }),
    ...given,
  };
}

const clientOn = (tableName: string, holder: string, durationMs = 60_000): LeaseClient =>
  new LeaseClient({ tableName, client: engine.client, holder, durationMs });

describe.concurrent("the runbook, when nobody leads", { timeout: 60_000 }, () => {
  const nobody = (arrange: (table: string) => Promise<void>) => playing("Nobody leads", arrange);

  it("tells a leader that is there from one that has crashed", async () => {
    const [there, crashed] = await Promise.all([
      nobody((table) =>
        putRow(engine.client, table, row({ holder: "a" }, { renewed: -1_000, expires: 14_000 })),
      ),
      nobody((table) =>
        putRow(engine.client, table, row({ holder: "a" }, { renewed: -600_000, expires: 120_000 })),
      ),
    ]);
    expect(there.said("get writer").text).toMatch(/^state +held$[^]*^renewed +\d+ s ago$/m);
    expect(crashed.said("get writer").text).toMatch(
      /^state +held$[^]*^renewed +10 min ago$[^]*^ends +.* left$/m,
    );
    expect(there.said("doctor writer").code).toBe(0);
  });

  it("tells a term that nobody takes over from a vacancy, and opens one that is kept for somebody", async () => {
    const [expired, vacant, reserved] = await Promise.all([
      nobody((table) =>
        putRow(engine.client, table, row({ holder: "a" }, { renewed: -900_000, expires: -800_000 })),
      ),
      nobody((table) => putRow(engine.client, table, row({}))),
      nobody((table) => putRow(engine.client, table, row({ reservedFor: "b" }, { expires: 50_000 }))),
    ]);
    expect(expired.said("get writer").text).toMatch(/^state +expired$/m);
    expect(vacant.said("get writer").text).toMatch(/^state +vacant$/m);
    expect(vacant.said("candidates writer").code).toBe(0);
    expect(reserved.said("get writer").text).toMatch(/^reserved +for b$/m);
    expect(PAGE).toContain("open it: `leasehold release writer --force`");
    expect((await running(reserved.table, ["release", "writer", "--force"])).code).toBe(0);
    await using leases = clientOn(reserved.table, "c");
    expect((await leases.tryAcquire("writer")).kind).toBe("acquired");
  });

  it("says what the candidates are told, too, where the table is missing", async () => {
    const { code, text } = await running("nowhere", ["get", "writer"]);
    expect([code, text]).toEqual([1, expect.stringMatching(/^leasehold: TABLE_NOT_FOUND/)]);
    expect((await running("nowhere", ["doctor", "writer"])).code).toBe(1);
  });
});

describe.concurrent("the runbook, when something else is wrong", { timeout: 60_000 }, () => {
  it("shows the token that counts, after somebody has vacated the row of a leader", async () => {
    let believed = 0;
    const { said } = await playing("Two say they lead", async (table) => {
      const [old, young] = [clientOn(table, "old"), clientOn(table, "young")];
      const lease = await old.acquire("writer");
      await young.forceRelease("writer");
      const next = await young.acquire("writer");
      expect([lease.isHeld(), next.isHeld(), lease.token < next.token]).toEqual([true, true, true]);
      believed = next.token;
      await old.close();
    });
    expect(said("get writer").text).toMatch(new RegExp(`^token +${believed}$`, "m"));
    expect(said("watch writer").text).toContain(`token ${believed}`);
  });

  it("counts the terms of a lease that flaps", async () => {
    const { said } = await playing("Leadership flaps", async (table) => {
      await using leases = clientOn(table, "a");
      for (let term = 1; term <= 3; term += 1) await (await leases.acquire("writer")).release();
    });
    expect(said("get writer").text).toMatch(/^terms so far +3$/m);
    expect(said("watch writer").text).toContain("writer");
  });

  it("opens a schedule that a tick in the future has silenced", async () => {
    const tick = "2026-01-31T02:00:00.000Z";
    const future = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const { table, said } = await playing("A schedule is silent", (here) =>
      putRow(engine.client, here, row({ pk: "nightly-close", tick: future })),
    );
    expect(said("get nightly-close").text).toMatch(/^state +vacant$/m);
    expect(said("tick nightly-close").text).toContain(future);
    expect((await rowOf(engine.client, table, "nightly-close"))?.["tick"]).toBe(tick);
    await using leases = clientOn(table, "a");
    const due = { tick: new Date(Date.now() - 1_000) };
    expect((await leases.tryAcquire("nightly-close", due)).kind).toBe("acquired");
  });

  it("looks at the table", async () => {
    const { said } = await playing("The table throttles", async (table) =>
      putRow(engine.client, table, row({ holder: "a" }, { expires: 14_000 })),
    );
    expect(said("doctor writer")).toMatchObject({ code: 0, text: expect.stringMatching(/round trip/) });
    expect(said("list").text).toContain("writer");
  });

  it("has a leader step down, and vacates the row of one that cannot be reached", async () => {
    const heard: unknown[] = [];
    const { table, said } = await playing("A leader is stuck", async (here) => {
      const leases = clientOn(here, "stuck", 3_000);
      const candidate = leases.candidate("writer", { drainMs: 0 });
      // Stepping down it waits: another command vacates the row next, and asks whether anybody leads.
      void candidate
        .campaign({})
        .then((lease) => lease.signal.addEventListener("abort", () => heard.push(lease.end)));
      await expect.poll(() => candidate.lease).toBeDefined();
    });
    expect(said("step-down writer")).toMatchObject({ code: 0 });
    expect(heard).toHaveLength(1);
    expect(said("release writer --force").code).toBe(0);
    expect(said("get writer").text).toMatch(/^state +vacant$/m);
    await deleteRow(engine.client, table, "writer");
  });

  it("shows what nobody leads of a group, and opens a shard that is kept for somebody", async () => {
    const { table, said } = await playing("A shard has no leader", async (here) => {
      const times = { expires: 50_000 };
      const worker = { pk: "orders", sk: "session#node-a", holder: "node-a", token: 5, weight: 1 };
      await putRow(engine.client, here, row(worker, times));
      await putRow(engine.client, here, row({ pk: "orders", sk: "lease#7", reservedFor: "node-z" }, times));
    });
    const group = said("group orders").text;
    expect(group).toMatch(/^balance +not yet: node-a leads 0 of 1\nwithout a leader +1: 7$/m);
    expect(said("watch orders --group").text).toMatch(
      /orders has 1 worker, 1 shard known .*, 1 without a leader/,
    );
    expect(said("get orders --shard 7").text).toMatch(/^state +vacant$[^]*^reserved +for node-z$/m);
    expect(said("step-down orders --shard 7").text).toContain("nobody leads, so nobody was asked");
    expect(PAGE).toContain("`leasehold release orders --shard 7 --force`");
    expect((await running(table, ["release", "orders", "--shard", "7", "--force"])).code).toBe(0);
    await using leases = clientOn(table, "b");
    expect((await leases.group("orders").tryAcquire("7")).kind).toBe("acquired");
  });

  it("shows who leads while changes are not told", async () => {
    const { said } = await playing("Changes are not told", (here) =>
      putRow(engine.client, here, row({ holder: "a" }, { expires: 14_000 })),
    );
    expect(said("list").text).toMatch(/writer +held/);
  });

  it("begins with what to set, and a look at everything", async () => {
    const { said } = await playing("Before you need it", async () => {});
    expect(said("doctor").code).toBe(0);
    expect(said("list").code).toBe(0);
  });
});

it("has a section for every part that alarms name", () => {
  const parts = readFileSync(new URL("../../lib/cdk/alarm-set.ts", import.meta.url), "utf8");
  const named = [...parts.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, part]) => part);
  expect(named).toHaveLength(7);
  const headings = [...PAGE.matchAll(/^## (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(" ", "-"),
  );
  expect(headings).toEqual(expect.arrayContaining(named));
});
