import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VERSION } from "../../lib/cli/version.ts";
import { LeaseClient } from "../../lib/index.ts";
import { type Engine, engineClient, startEngine } from "../../local/engine.ts";
import { runCli } from "../support/cli.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

const table = "leases";
let engine: Engine;
let leases: LeaseClient;
let client: ReturnType<typeof engineClient>;

beforeAll(async () => {
  engine = await startEngine();
  client = engineClient(engine.endpoint);
  await createLeaseTable(client, table);
  leases = new LeaseClient({ tableName: table, client, durationMs: 60_000, holder: "me" });
});

afterAll(async () => {
  await leases.close();
  client.destroy();
  await engine.stop();
});

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);

describe("leasehold get", () => {
  it("tells who leads, in words for people and in JSON for programs", async () => {
    const lease = await leases.acquire("writer");
    const [people, programs] = await Promise.all([run("get", "writer"), run("get", "writer", "--json")]);
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(/^holder +me/m);
    expect(people.stdout).toMatch(/^ends +(59|60) s left$/m);
    expect(JSON.parse(programs.stdout)).toMatchObject({
      name: "writer",
      state: "held",
      holder: lease.holder,
      token: lease.token,
    });
    await lease.release();
  });

  it("says in one line that the table is missing, and shows a stack trace only when asked to", async () => {
    const settings = { endpoint: engine.endpoint, table: "nowhere" };
    const brief = await runCli(settings, "get", "writer");
    expect(brief).toMatchObject({ code: 1, stdout: "" });
    expect(brief.stderr).toMatch(/^leasehold: TABLE_NOT_FOUND: [^\n]*"nowhere"[^\n]*\n$/);
    const full = await runCli(settings, "get", "writer", "--debug");
    expect(full.stderr).toMatch(/\n +at /);
  });

  it("says what is missing on the command line, and sends nothing", async () => {
    const untold = await runCli({ endpoint: engine.endpoint }, "get", "writer");
    expect(untold).toMatchObject({ code: 2, stdout: "" });
    expect(untold.stderr).toContain("--table");
    expect(await run("get")).toMatchObject({ code: 2 });
    expect(await run("gte", "writer")).toMatchObject({ code: 2 });
  });
});

describe("leasehold --version", () => {
  it("is the package's", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(VERSION).toBe(version);
    expect((await run("--version")).stdout.trim()).toBe(version);
  });
});
