import { writeFileSync } from "node:fs";
import { describe, expect, inject, it } from "vitest";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { putRow } from "../support/lease-tables.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";
import { watchingCli } from "../support/watching-cli.ts";

const table = "leases";
const engine = engineForTests(table);

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);
const watching = (...args: string[]) => watchingCli({ endpoint: engine.endpoint, table }, ...args);

const TERM = { token: 5, revision: 1, writeId: "w", transitions: 1 };

/** A worker's session that lasts. */
async function works(group: string, id: string, more: object = {}): Promise<void> {
  const now = Date.now();
  const times = { durationMs: 600_000, acquiredAt: now, renewedAt: now, expiresAt: now + 600_000 };
  const session = { ...TERM, ...times, holder: id, weight: 1, maxShards: 2, ...more };
  await putRow(engine.client, table, { pk: group, sk: `session#${id}`, ...session });
}

/** A session that its holder has closed, as the row says then. */
async function leaves(group: string, id: string): Promise<void> {
  await putRow(engine.client, table, { pk: group, sk: `session#${id}`, ...TERM, revision: 2, writeId: "x" });
}

/** Shards that somebody leads. */
async function leads(group: string, id: string, ...shards: string[]): Promise<void> {
  for (const shard of shards) {
    const term = { ...TERM, holder: id, sessionToken: TERM.token, acquiredAt: Date.now() };
    await putRow(engine.client, table, { pk: group, sk: `lease#${shard}`, ...term });
  }
}

/** Writes the names of all shards to a file. */
function named(...shards: string[]): string {
  const file = `${inject("cli")}.${shards.length}.want`;
  writeFileSync(file, shards.map((shard) => `${shard}\n`).join(""));
  return file;
}

describe("shards that nobody ever led", () => {
  it("are in no count unless they are named, and that is said", async () => {
    const want = named("1", "2", "3", "4", "5");
    for (const id of ["node-a", "node-b"]) await works("capped", id);
    await leads("capped", "node-a", "1", "2");
    await leads("capped", "node-b", "3", "4");
    const [some, all, json] = await Promise.all([
      run("group", "capped"),
      run("group", "capped", "--want", want),
      run("group", "capped", "--want", want, "--json"),
    ]);
    expect(some.stdout).toMatch(
      /^shards +4 known to the table \(--want tells of others\)\nbalance +every worker leads its share$/m,
    );
    expect(some.stdout).not.toContain("without a leader");
    expect(all.stdout).toMatch(
      /^shards +5\nbalance +every worker leads as many as it may\nwithout a leader +1: 5$/m,
    );
    expect(jsonOf("group", json.stdout)).toMatchObject({ unled: ["5"], balanced: true });
  });

  it("are followed, where they are named", async () => {
    const want = named("1", "2", "3");
    await works("followed", "node-a", { maxShards: 3 });
    await leads("followed", "node-a", "1", "2");
    const [some, all, programs] = await Promise.all([
      watching("followed", "--group"),
      watching("followed", "--group", "--want", want),
      watching("followed", "--group", "--want", want, "--json"),
    ]);
    expect((await some.next()).replace(/^\S+ /, "")).toBe(
      "followed has 1 worker, 2 shards known to the table (--want tells of others), 0 without a leader; balance: every worker leads its share",
    );
    expect((await all.next()).replace(/^\S+ /, "")).toBe(
      "followed has 1 worker, 3 shards, 1 without a leader; balance: not yet: node-a leads 2 of 3",
    );
    const first = jsonOf("watch", await programs.next());
    expect(first).toMatchObject({ change: "group", group: { unled: ["3"], balanced: false } });
    await leads("followed", "node-a", "3");
    const claimed = "followed shard 3 held by node-a token 5 (was vacant)";
    const balanced = "followed balance: every worker leads its share";
    expect(await all.until(/balance/)).toEqual([claimed, balanced]);
    for (const watch of [some, all, programs])
      expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, complaints: "" });
  });

  it.skipIf(noTerminal)("are in the picture of a group, where they are named", async () => {
    await works("pictured", "node-a");
    await leads("pictured", "node-a", "1");
    const env = cliEnvironment({ endpoint: engine.endpoint, table });
    const command = cliCommand("watch", "pictured", "--group", "--want", named("1", "2", "3", "4"));
    await using screen = new ScreenOf(command, { env });
    await screen.sees(/^shards +4\n[^]*^without a leader +3: 2, 3, 4$/m);
    screen.type("\x03");
    expect(await screen.ended()).toBe(0);
  });

  it("cannot be named of a lease, nor of a single shard, nor by an empty file", async () => {
    const nowhere = { endpoint: "http://127.0.0.1:1", table };
    const [empty, lease, shard] = await Promise.all([
      runCli(nowhere, "group", "a", "--want", "-"),
      runCli(nowhere, "watch", "a", "--want", "/dev/null"),
      runCli(nowhere, "watch", "a", "--shard", "1", "--want", "/dev/null"),
    ]);
    expect(empty).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "leasehold: --want - names no shard; write the name of each on a line\n",
    });
    expect(lease).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "leasehold: --want names the shards of a group; give --group, too\n",
    });
    expect(shard).toMatchObject({ code: 2, stdout: "" });
    expect(shard.stderr).toContain("'--want <file>' cannot be used with option '--shard <name>'");
  });
});

describe("the balance of a group", () => {
  it("is not there while a worker has room for what nobody leads, though each leads its share", async () => {
    for (const id of ["node-a", "node-b"]) await works("rounded", id);
    await leads("rounded", "node-a", "1");
    await leads("rounded", "node-b", "2");
    await leads("rounded", "node-c", "3"); // Its session was never there.
    const [people, json] = await Promise.all([run("group", "rounded"), run("group", "rounded", "--json")]);
    expect(people.stdout).toMatch(/^balance +not yet: a worker has room for what nobody leads$/m);
    expect(jsonOf("group", json.stdout)).toMatchObject({ unled: ["3"], balanced: false });
  });

  it("is lost when the last worker leaves", async () => {
    await works("left", "node-a");
    await leads("left", "node-a", "1");
    const watch = await watching("left", "--group");
    expect(await watch.next()).toMatch(/balance: every worker leads its share$/);
    await leaves("left", "node-a");
    expect(await watch.until(/balance/)).toEqual([
      "left worker node-a left; it led 1 shard",
      "left shard 1 free after node-a token 5, whose session is over",
      "left balance: no worker runs",
    ]);
    expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, complaints: "" });
    const { stdout } = await run("group", "left", "--json");
    expect(jsonOf("group", stdout)).toMatchObject({ workers: [], unled: ["1"], balanced: false });
  });
});

describe("a shard whose holder's session is over", () => {
  it("is free, and says who led last; for programs it is expired", async () => {
    await works("freed", "node-a");
    await leads("freed", "node-a", "1");
    await leaves("freed", "node-b");
    await leads("freed", "node-b", "2");
    const [group, get, json, watch] = await Promise.all([
      run("group", "freed", "--shards"),
      run("get", "freed", "--shard", "2"),
      run("get", "freed", "--shard", "2", "--json"),
      watching("freed", "--shard", "2"),
    ]);
    expect(group.stdout).toMatch(/^1 +held +node-a +5 +\d\S* s ago\n2 +free +was node-b +5$/m);
    expect(get.stdout).toMatch(/^shard +2\nstate +free\nlast holder +node-b\ntoken +5\nterms so far/m);
    expect(jsonOf("get", json.stdout)).toMatchObject({ state: "expired", holder: "node-b" });
    expect(await watch.next()).toMatch(/Z freed shard 2 free after node-b token 5, whose session is over$/);
    expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, complaints: "" });
  });

  it("is not said to have been released once it is no shard of the group any more", async () => {
    const want = named("1");
    await works("shrunk", "node-a");
    await works("shrunk", "node-b");
    await leads("shrunk", "node-a", "1");
    await leads("shrunk", "node-b", "2");
    const watch = await watching("shrunk", "--group", "--want", want);
    expect(await watch.next()).toContain("shrunk has 2 workers, 2 shards, 0 without a leader");
    await leaves("shrunk", "node-b");
    expect(await watch.until(/shard 2/)).toContain("shrunk shard 2 vacant (was node-b)");
    expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, complaints: "" });
  });

  it("was not handed over by a holder that did not answer", async () => {
    await leaves("asked", "node-a");
    await leads("asked", "node-a", "1");
    const { code, stdout } = await run("step-down", "asked", "--shard", "1", "--wait", "0s");
    expect(code).toBe(0);
    expect(stdout).toContain(
      "asked shard 1: free, since its holder's session is over; nobody has taken the lead yet\n",
    );
  });
});
