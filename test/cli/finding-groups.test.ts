import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { Link, UNDISTURBED } from "../../local/harness/link.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { putRow } from "../support/lease-tables.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";
import { underPolicy } from "../support/under-policy.ts";
import { watchingCli } from "../support/watching-cli.ts";

const table = "leases";
const NOTE = 'note: there is no lease "orders", but a group; see leasehold';
const engine = engineForTests(table, "groups", "plain", "large");
let leases: LeaseClient;

beforeAll(async () => {
  leases = new LeaseClient({ tableName: table, client: engine.client, durationMs: 60_000 });
  const orders = leases.group("orders", { id: "node-a" });
  for (const shard of ["1", "2"]) await orders.tryAcquire(shard);
});

afterAll(() => leases.close());

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);

describe("the name of a group", () => {
  it("is known to get, which names the command for it", async () => {
    const [people, programs] = await Promise.all([run("get", "orders"), run("get", "orders", "--json")]);
    expect(people).toMatchObject({ code: 0, stderr: `${NOTE} group orders\n` });
    expect(people.stdout).toMatch(/^state +vacant$/m);
    expect(programs).toMatchObject({ code: 0, stderr: `${NOTE} group orders\n` });
    expect(jsonOf("get", programs.stdout)).toMatchObject({ state: "vacant", token: 0 });
  });

  it("is known to watch, which tells of it once", async () => {
    await putRow(engine.client, table, {
      pk: "queues",
      sk: "session#a",
      token: 5,
      revision: 1,
      writeId: "w",
    });
    const watch = await watchingCli({ endpoint: engine.endpoint, table }, "queues");
    expect(await watch.next()).toMatch(/Z queues vacant$/);
    const lease = await leases.acquire("queues");
    expect(await watch.next()).toContain("queues held by");
    await lease.release();
    expect(await watch.next()).toContain("queues vacant");
    expect(await watch.end("SIGTERM")).toMatchObject({
      code: 0,
      complaints: `${NOTE.replace("orders", "queues")} watch queues --group\n`,
    });
  });

  it.skipIf(noTerminal)("is told of below the table", async () => {
    const env = cliEnvironment({ endpoint: engine.endpoint, table });
    await putRow(engine.client, table, { pk: "jobs", sk: "lease#1", token: 5, revision: 1, writeId: "w" });
    await using screen = new ScreenOf(cliCommand("watch", "free", "jobs"), { env });
    await screen.sees(
      /^jobs +vacant +0\n\nnote: there is no lease "jobs", but a group; see leasehold watch jobs --group\nlooked/m,
    );
    screen.type("\x03");
    expect(await screen.ended()).toBe(0);
  });

  it("takes a read only where there is no row, one, and none of candidates and marks is taken for a group's", async () => {
    const asked: string[] = [];
    const onExchange = ({ operation }: { readonly operation: string }) => asked.push(operation);
    await using link = await Link.open({ engine: engine.endpoint, traffic: { ...UNDISTURBED, onExchange } });
    const settings = { endpoint: link.endpoint, table };
    const row = { token: 5, revision: 1, writeId: "w" };
    await putRow(engine.client, table, { pk: "registered", sk: "candidate#a", holder: "a", ...row });
    await putRow(engine.client, table, { pk: "registered", sk: "fence", ...row });
    await putRow(engine.client, table, { pk: "both", sk: "lease", ...row });
    await putRow(engine.client, table, { pk: "both", sk: "lease#1", ...row });
    expect(await runCli(settings, "get", "registered")).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toEqual(["GetItem", "Query"]);
    expect(await runCli(settings, "get", "both")).toMatchObject({ code: 0, stderr: "" });
    expect(await runCli(settings, "get", "orders", "--shard", "none")).toMatchObject({ code: 0, stderr: "" });
    expect(asked.slice(2)).toEqual(["GetItem", "GetItem"]);
  });

  it("is not asked for where that is denied", async () => {
    const reads = [{ Effect: "Allow", Action: "dynamodb:GetItem", Resource: "*" }];
    await using gate = await underPolicy(engine.endpoint, reads);
    const settings = { endpoint: gate.endpoint, table };
    expect(await runCli(settings, "get", "orders")).toMatchObject({ code: 0, stderr: "" });
    expect(gate.judged.map(({ action, allowed }) => [action, allowed])).toEqual([
      ["dynamodb:GetItem", true],
      ["dynamodb:Query", false],
    ]);
  });
});

describe("leasehold list", () => {
  it("says what it leaves out, and how to see groups; to programs nothing but leases", async () => {
    const settings = { endpoint: engine.endpoint, table: "groups" };
    const row = { token: 5, revision: 1, writeId: "w" };
    await putRow(engine.client, "groups", { pk: "orders", sk: "lease#1", ...row });
    const note = (rows: string): string =>
      `note: not listed: ${rows} of groups, candidates and marks; see leasehold list --groups\n`;
    expect(await runCli(settings, "list")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: `no leases in table "groups"\n${note("1 row")}`,
    });
    await putRow(engine.client, "groups", { pk: "orders", sk: "session#a", ...row });
    await putRow(engine.client, "groups", { pk: "writer", sk: "lease", ...row });
    const [people, programs] = await Promise.all([
      runCli(settings, "list"),
      runCli(settings, "list", "--json"),
    ]);
    expect(people).toMatchObject({ code: 0, stderr: note("2 rows") });
    expect(programs).toMatchObject({ code: 0, stderr: "" });
    expect(jsonOf("list", programs.stdout)).toMatchObject([{ name: "writer" }]);
  });

  it("has nothing to say where there are only leases, and says where there are no groups", async () => {
    const settings = { endpoint: engine.endpoint, table: "plain" };
    await putRow(engine.client, "plain", { pk: "writer", sk: "lease", token: 5, revision: 1, writeId: "w" });
    expect(await runCli(settings, "list")).toMatchObject({ code: 0, stderr: "" });
    const [people, programs] = await Promise.all([
      runCli(settings, "list", "--groups"),
      runCli(settings, "list", "--groups", "--json"),
    ]);
    expect(people).toMatchObject({ code: 0, stdout: "", stderr: 'no groups in table "plain"\n' });
    expect(programs).toMatchObject({ code: 0, stdout: "[]\n", stderr: "" });
  });

  it("lists the groups: shards, workers and who holds besides, from however many pages", async () => {
    const settings = { endpoint: engine.endpoint, table: "large" };
    const now = Date.now();
    const term = { token: 5, revision: 1, writeId: "w", acquiredAt: now };
    const session = { ...term, durationMs: 600_000, expiresAt: now + 600_000 };
    const put = (pk: string, sk: string, more: object) => putRow(engine.client, "large", { pk, sk, ...more });
    await put("writer", "lease", term);
    await put("orders", "session#a", { ...session, holder: "a", weight: 1 });
    await put("orders", "session#b", { ...session, holder: "b" });
    await put("orders", "session#c", { ...session, holder: "c", weight: 1, expiresAt: now - 60_000 });
    const value = "v".repeat(350_000); // Three of them are more than a page.
    for (const [shard, holder] of ["a", "a", "b", "c", undefined].entries())
      await put("orders", `lease#${shard}`, {
        ...term,
        value,
        ...(holder === undefined ? {} : { holder, sessionToken: 5 }),
      });
    await put("reports", "session#gone", term);
    const [people, programs] = await Promise.all([
      runCli(settings, "list", "--groups"),
      runCli(settings, "list", "--groups", "--json"),
    ]);
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toBe(
      [
        "GROUP    SHARDS  LED  WORKERS  HOLDERS BESIDES",
        "orders   5       3    1        1",
        "reports  0       0    0        0",
        "",
      ].join("\n"),
    );
    expect(programs.stdout.split("\n")).toHaveLength(3);
    expect(jsonOf("list", programs.stdout)).toEqual([
      { name: "orders", shards: 5, led: 3, workers: 1, holders: 1 },
      { name: "reports", shards: 0, led: 0, workers: 0, holders: 0 },
    ]);
  });

  it("tells of a table that is not there as it does without --groups", async () => {
    const settings = { endpoint: engine.endpoint, table: "nowhere" };
    const [leased, grouped] = await Promise.all([
      runCli(settings, "list"),
      runCli(settings, "list", "--groups"),
    ]);
    expect(grouped).toMatchObject({ code: 1, stdout: "", stderr: leased.stderr });
    expect(grouped.stderr).toMatch(/^leasehold: TABLE_NOT_FOUND: /);
  });
});
