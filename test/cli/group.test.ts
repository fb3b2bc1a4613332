import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { untilStopped } from "../support/candidates.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { REPORT } from "../support/doctor-report.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable, putRow } from "../support/lease-tables.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";
import { watchingCli } from "../support/watching-cli.ts";

const table = "leases";
const engine = engineForTests(table);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({
    tableName: table,
    client: engine.client,
    durationMs: 60_000,
    renewIntervalMs: 1_000,
    retryIntervalMs: 100,
  });
});

afterAll(() => leases.close());

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);

/** Starts a worker of a group, and gives what ends it. */
function working(group: string, id: string, shards: readonly string[], more: object = {}) {
  const stop = new AbortController();
  const running = leases
    .group(group)
    .worker({ id, shards, drainMs: 0, ...more })
    .run(untilStopped, { signal: stop.signal });
  return async (): Promise<void> => {
    stop.abort();
    await running;
  };
}

/** Waits until so many take part and every shard is led. */
async function settled(group: string, workers: number): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { balanced, unled, workers: there } = await leases.group(group).status();
    return balanced && unled.length === 0 && there.length === workers;
  };
  while (!(await look())) await delay(20);
}

/** Rows of a group as its clients leave them, without any that runs. */
async function arrange(group: string, tableName: string, shards: Readonly<Record<string, object>>) {
  const now = Date.now();
  const term = { pk: group, token: 5, revision: 1, writeId: "w", transitions: 1, acquiredAt: now };
  const session = { ...term, durationMs: 60_000, renewedAt: now };
  await putRow(engine.client, tableName, {
    ...session,
    sk: "session#node-a",
    holder: "node-a",
    expiresAt: now + 60_000,
    weight: 1,
    maxShards: 8,
  });
  await putRow(engine.client, tableName, {
    ...session,
    sk: "session#node-b",
    holder: "node-b",
    expiresAt: now - 600_000,
    weight: 1,
  });
  for (const [shard, row] of Object.entries(shards))
    await putRow(engine.client, tableName, {
      ...term,
      sk: `lease#${shard}`,
      sessionToken: term.token,
      ...row,
    });
}

describe("leasehold group", () => {
  it("shows workers and their shares, what nobody leads, and who was asked, for people and for programs", async () => {
    const shards = ["1", "2", "3", "4", "5"];
    const ends = [working("orders", "node-a", shards), working("orders", "node-b", shards, { maxShards: 4 })];
    await settled("orders", 2);
    const script = leases.group("orders", { id: "script" });
    await script.tryAcquire("extra");
    const want = `${inject("cli")}.want`;
    writeFileSync(want, "1\n2\nnever led\n");
    const [people, programs] = await Promise.all([
      run("group", "orders", "--shards"),
      run("group", "orders", "--want", want, "--json"),
    ]);
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(
      /^group +orders\nworkers +2, and 1 holder besides\nshards +6 known to the table \(--want tells of others\)\nbalance +every worker leads its share\n\n/,
    );
    expect(people.stdout).toMatch(/^WORKER +SHARDS +SHARE +WEIGHT +AT MOST +SINCE +SESSION$/m);
    expect(people.stdout).toMatch(/^node-a +[23] +2\.\.3 +1 +\d\S* s ago +(5\d|60) s left$/m);
    expect(people.stdout).toMatch(/^node-b +[23] +2\.\.3 +1 +4 +\d/m);
    expect(people.stdout).toMatch(/^script +1 +no worker +\d/m);
    expect(people.stdout).not.toContain("\u001b");
    const json = jsonOf("group", programs.stdout);
    expect(json).toMatchObject({ name: "orders", unled: ["never led"], requests: [] });
    expect(
      json.workers.map(({ id, isWorker, share, maxShards }) => [id, isWorker, share, maxShards]),
    ).toEqual([
      ["node-a", true, { floor: 3, ceiling: 3 }, null],
      ["node-b", true, { floor: 3, ceiling: 3 }, 4],
      ["script", false, null, null],
    ]);
    expect(json.shards.map(({ shard, state }) => [shard, state])).toEqual(
      [...shards, "extra", "never led"].map((shard) => [shard, shard === "never led" ? "vacant" : "held"]),
    );
    expect(people.stdout).toMatch(/^SHARD +STATE +HOLDER +TOKEN +LEADS SINCE +ASKED$/m);
    expect(people.stdout.match(/^\S+ +held +(node-[ab]|script) +\d+ +\d\S* s ago$/gm)).toHaveLength(6);
    await Promise.all([...ends.map((end) => end()), script.close()]);
  });

  it("names shards without a leader, requests under way and those who lack their share; long lists at their beginning", async () => {
    const names = Array.from({ length: 12 }, (_, nth) => `dead-${10 + nth}`);
    await arrange("left", table, {
      ...Object.fromEntries(names.map((name) => [name, { holder: "node-b" }])),
      "1": { holder: "node-a", requestedBy: "node-c", requestedPriority: 1 },
      "2": { holder: "node-a" },
    });
    const [people, json] = await Promise.all([run("group", "left"), run("group", "left", "--json")]);
    expect(people.stdout).toMatch(/^balance +not yet: node-a leads 2 of 8$/m);
    expect(people.stdout).toMatch(/^without a leader +12: dead-10, .*, dead-19, and 2 more$/m);
    expect(people.stdout).toMatch(/^asked to hand over +1: 1 of node-a to node-c$/m);
    expect(jsonOf("group", json.stdout)).toMatchObject({
      unled: names,
      balanced: false,
      requests: [{ shard: "1", holder: "node-a", by: "node-c" }],
    });
  });

  it("shows a group that the table knows nothing of, as get does a lease", async () => {
    const { code, stdout } = await run("group", "unheard-of");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^workers +0\nshards +none: the table knows nothing of this group\nbalance +no worker runs$/m,
    );
  });

  it("is known to doctor: no row of a group is foreign, and what is wrong with one is told", async () => {
    await createLeaseTable(engine.client, "doctored");
    await arrange("orders", "doctored", {
      "1": { holder: "node-a" },
      "2": { holder: "node-b", sessionToken: "five" },
      "3": { tick: "2999-01-01T00:00:00.000Z" },
    });
    const { stdout } = await runCli({ endpoint: engine.endpoint, table: "doctored" }, "doctor", "--json");
    const { findings } = REPORT.parse(JSON.parse(stdout));
    expect(findings.filter(({ check }) => check === "rows").map(({ says }) => says)).toEqual([
      "0 leases, 0 candidates, 1 group with 3 shards and 1 open session, 1 session that ended, which TTL will clear",
    ]);
    const of = (check: string) => findings.filter((one) => one.check === check && one.lease === "orders");
    expect(of("malformed")).toMatchObject([
      { says: 'group "orders", shard "2": sessionToken is a string and must be a number' },
    ]);
    expect(of("tick")).toMatchObject([{ fix: "leasehold tick orders --shard 3 --clear" }]);
    expect(of("leader")).toMatchObject([
      { says: expect.stringContaining('session of "node-b" is over for 10 min'), level: "note" },
    ]);
  });
});

describe("commands about one shard", () => {
  it("show, ask, set back and release a shard, and leave the rest of the group alone", async () => {
    const group = leases.group("tenants", { id: "node-a" });
    const tick = "2026-01-31T02:00:00.000Z";
    await group.run("7", async () => 1, { tick });
    const held = await group.tryAcquire("7");
    await group.tryAcquire("8");
    const token = held.kind === "acquired" ? held.lease.token : 0;
    const [shown, json, ticked] = await Promise.all([
      run("get", "tenants", "--shard", "7"),
      run("get", "tenants", "--shard", "7", "--json"),
      run("tick", "tenants", "--shard", "7", "--set", "2026-01-30T02:00:00Z"),
    ]);
    expect(shown.stdout).toMatch(/^group +tenants\nshard +7\nstate +held\nholder +node-a\ntoken +\d+$/m);
    expect(shown.stdout).toMatch(/^ends +(5\d|60) s left$/m);
    expect(jsonOf("get", json.stdout)).toMatchObject({ name: "tenants", shard: "7", token });
    expect(ticked.stdout).toContain("tenants shard 7: last tick set back");
    expect(ticked.stderr).toContain("leasehold step-down tenants --shard 7");
    const asked = await run("step-down", "tenants", "--shard", "7", "--to", "nobody", "--no-wait");
    expect(asked).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr:
        'leasehold: no worker of "tenants" is listed as nobody, so nobody was asked; ' +
        "see leasehold group tenants, or give --force\n",
    });
    const unknown = await run("step-down", "tenants", "--shard", "77");
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing of this shard") });
    const forced = await run("release", "tenants", "--shard", "7", "--force", "--json");
    expect(jsonOf("release", forced.stdout)).toMatchObject({ shard: "7", holder: "node-a" });
    const after = await leases.group("tenants").status();
    expect(after.shards.map(({ shard, kind }) => [shard, kind])).toEqual([
      ["7", "vacant"],
      ["8", "held"],
    ]);
    await group.close();
  });

  it("say what is wrong with a command line before they send anything", async () => {
    const nowhere = { endpoint: "http://127.0.0.1:1", table };
    const wrong = [
      ["watch", "a", "b", "--group"],
      ["watch", "a", "--group", "--renewals"],
      ["group", "a", "--want", "/nowhere/at all"],
      ["get", "a", "--shard", ""],
    ];
    const said = await Promise.all(wrong.map((args) => runCli(nowhere, ...args)));
    expect(said.map(({ code, stdout }) => [code, stdout])).toEqual(wrong.map(() => [2, ""]));
    expect(said.map(({ stderr }) => stderr)).toEqual([
      "leasehold: --group is about one group, and not about 2; name one\n",
      expect.stringMatching(/'--group' cannot be used with option '--renewals'/),
      expect.stringMatching(/^leasehold: --want \/nowhere\/at all cannot be read: ENOENT/),
      expect.stringMatching(/shard must be a string of 1 to 512 bytes/),
    ]);
  });
});

const watching = (...args: string[]) => watchingCli({ endpoint: engine.endpoint, table }, ...args);

describe.concurrent("leasehold watch, of a group", () => {
  it("prints who joins and leaves, what changes hands and whether all is shared, for people and for programs", async () => {
    const shards = ["1", "2"];
    const first = working("queues", "node-a", shards);
    await settled("queues", 1);
    const [people, programs, one] = await Promise.all([
      watching("queues", "--group"),
      watching("queues", "--group", "--json"),
      watching("queues", "--shard", "1"),
    ]);
    expect((await people.next()).replace(/^\S+Z /, "")).toMatch(
      /^queues has 1 worker, 2 shards known .*, 0 without a leader; balance: every worker leads its share$/,
    );
    const seen = jsonOf("watch", await programs.next());
    expect(seen).toMatchObject({ change: "group", group: { name: "queues", balanced: true } });
    expect(await one.next()).toMatch(/Z queues shard 1 held by node-a token \d+$/);
    const second = working("queues", "node-b", shards);
    const joined = await people.until(/held by node-b/);
    expect(joined).toContain("queues worker node-b joined");
    expect(joined.at(-1)).toMatch(
      /^queues shard [12] held by node-b token \d+ \(was (vacant|node-a, released)\)$/,
    );
    let change = jsonOf("watch", await programs.next());
    while (change.change !== "acquired") change = jsonOf("watch", await programs.next());
    expect(change).toMatchObject({ name: "queues", lease: { holder: "node-b", state: "held" } });
    await settled("queues", 2);
    await second();
    const left = await people.until(/free after node-b token \d+, whose session is over$/);
    expect(left).toContain("queues worker node-b left; it led 1 shard");
    const ended = await Promise.all([people, programs, one].map((watch) => watch.end("SIGTERM")));
    expect(ended.map(({ code, complaints }) => [code, complaints])).toEqual(ended.map(() => [0, ""]));
    await first();
  });

  it.skipIf(noTerminal)("draws the group in its place, as much of it as fits", async () => {
    await arrange("drawn", table, { "1": { holder: "node-a" }, "2": { holder: "node-b" } });
    const env = cliEnvironment({ endpoint: engine.endpoint, table });
    await using screen = new ScreenOf(cliCommand("watch", "drawn", "--group", "--interval", "200ms"), {
      env,
    });
    const first = await screen.sees(/^node-a +1 +2 +1 +8 [^]*^looked \S+ s ago, every 0\.2 s; Ctrl-C ends$/m);
    expect(first).toMatch(/^without a leader +1: 2$/m);
    expect(screen.printed).toContain("\u001b[33m");
    await putRow(engine.client, table, { pk: "drawn", sk: "lease#2", token: 5, revision: 1, writeId: "v" });
    await arrange("drawn", table, { "2": { holder: "node-a" } });
    await screen.sees(/^balance +every worker leads its share$/m);
    screen.resize(40, 6);
    const low = await screen.sees(/^group +drawn\n[^]*^and 5 lines more, for which the termina…\n/m);
    expect(low.split("\n")).toHaveLength(5);
    screen.type("\x03");
    expect(await screen.ended()).toBe(0);
  });
});
