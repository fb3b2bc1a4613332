import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable, putRow } from "../support/lease-tables.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";

const table = "leases";
const HOSTILE = "bell\u0007 \u001b[31mred\u009b1A\u202edrow\n2";
const SHOWN = String.raw`bell\x07 \x1b[31mred\x9b1A\u{202e}drow\n2`;

const engine = engineForTests(table, "empty", "hostile");
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({ tableName: table, client: engine.client, durationMs: 60_000, holder: "me" });
});

afterAll(() => leases.close());

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);

describe("leasehold get", () => {
  it("tells who leads, in words for people and in JSON for programs", async () => {
    const lease = await leases.acquire("writer");
    await lease.proclaim({ at: "10.0.0.7" });
    const [people, programs] = await Promise.all([run("get", "writer"), run("get", "writer", "--json")]);
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(/^holder +me\/\w+$/m);
    expect(people.stdout).toMatch(/^leads since +20\d\d-\S+Z \(\d(\.\d)? s ago\)$/m);
    expect(people.stdout).toMatch(/^ends +(5\d|60) s left$/m);
    expect(people.stdout).toMatch(/^value +\{"at":"10\.0\.0\.7"\}$/m);
    expect(people.stdout).not.toContain("\u001b");
    const { holder, token } = lease;
    const value = { at: "10.0.0.7" };
    expect(jsonOf("get", programs.stdout)).toMatchObject({
      name: "writer",
      state: "held",
      holder,
      token,
      value,
    });
    await lease.release();
  });
});

describe("leasehold list", () => {
  it("prints one array for programs, an element a line, however many pages it takes", async () => {
    const filler = "x".repeat(350_000); // Four of them are more than a page.
    const rows = Array.from({ length: 5 }, (_, nth) => `many-${nth}`);
    await createLeaseTable(engine.client, "many");
    for (const pk of rows) {
      await putRow(engine.client, "many", {
        pk,
        sk: "lease",
        token: 7,
        revision: 1,
        writeId: "w",
        value: filler,
      });
    }
    const { stdout } = await runCli({ endpoint: engine.endpoint, table: "many" }, "list", "--json");
    expect(stdout.split("\n")).toHaveLength(rows.length + 1);
    const listed = jsonOf("list", stdout).map(({ name }) => name);
    expect(listed.sort()).toEqual(rows);
  });

  it("says that there are none, apart from the result", async () => {
    const none = await runCli({ endpoint: engine.endpoint, table: "empty" }, "list");
    expect(none).toMatchObject({ code: 0, stdout: "", stderr: 'no leases in table "empty"\n' });
  });

  it("spells out what a terminal would obey, and keeps names as they are for programs", async () => {
    const row = { sk: "lease", token: 7, revision: 1, writeId: "w", holder: HOSTILE, durationMs: 1_000 };
    await putRow(engine.client, "hostile", { ...row, pk: HOSTILE, value: { is: HOSTILE } });
    const settings = { endpoint: engine.endpoint, table: "hostile" };
    const [list, json] = await Promise.all([runCli(settings, "list"), runCli(settings, "list", "--json")]);
    const [head, line = ""] = list.stdout.split("\n");
    expect(head).toMatch(/^LEASE +STATE +HOLDER +TOKEN +LEADS SINCE +RENEWED +ENDS$/);
    expect(line.startsWith(SHOWN)).toBe(true);
    expect(line.split(SHOWN)).toHaveLength(3);
    for (const { stdout } of [list, json]) expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(jsonOf("list", json.stdout)).toMatchObject([
      { name: HOSTILE, holder: HOSTILE, value: { is: HOSTILE } },
    ]);
    const setBack = async (says: string, ...options: string[]): Promise<void> => {
      const pk = `${HOSTILE} ${options[0]}`;
      await putRow(engine.client, "hostile", { ...row, pk, tick: HOSTILE });
      // What is no instant has no age.
      expect((await runCli(settings, "tick", pk)).stdout).toBe(`${SHOWN}\n`);
      const { stdout, stderr } = await runCli(settings, "tick", pk, ...options);
      expect(stdout).toContain(`last tick ${says}`);
      expect(stdout + stderr).not.toMatch(/[^\P{C}\n]/u);
    };
    await Promise.all([
      setBack(`set back from ${SHOWN} to 2026`, "--set", "2026-01-30T02:00:00Z"),
      setBack(`${SHOWN} forgotten`, "--clear"),
    ]);
  });

  it("shows the rest where a row edited by hand has times out of the range of dates", async () => {
    await createLeaseTable(engine.client, "beyond");
    const row = {
      pk: "far",
      sk: "lease",
      token: 7,
      revision: 1,
      writeId: "w",
      holder: "me",
      durationMs: 1_000,
    };
    const times = { acquiredAt: 9e16, renewedAt: -9e16, expiresAt: 9e16 };
    await putRow(engine.client, "beyond", { ...row, ...times });
    await putRow(engine.client, "beyond", { ...row, pk: "near", acquiredAt: 8.64e15, expiresAt: 0 });
    await putRow(engine.client, "beyond", { ...row, ...times, sk: "candidate#me" });
    await putRow(engine.client, "beyond", { ...row, ...times, sk: "session#me", weight: 1 });
    const beyond = (...args: string[]) => runCli({ endpoint: engine.endpoint, table: "beyond" }, ...args);
    const [list, get, candidates, group] = await Promise.all([
      beyond("list", "--json"),
      beyond("get", "far"),
      beyond("candidates", "far", "--json"),
      beyond("group", "far", "--json"),
    ]);
    const none = { acquiredAt: null, renewedAt: null, expiresAt: null };
    const [far, near] = JSON.parse(list.stdout).sort(({ name }: { name: string }) =>
      name === "far" ? -1 : 1,
    );
    expect(far).toMatchObject({ name: "far", holder: "me", token: 7, ...none });
    expect(near).toMatchObject({
      acquiredAt: "+275760-09-13T00:00:00.000Z",
      expiresAt: "1970-01-01T00:00:00.000Z",
    });
    expect(get.stdout).toMatch(/^leads since +90000000000000000 \(in \d+ d\)$/m);
    expect(JSON.parse(candidates.stdout)).toMatchObject([{ id: "me", since: null, expiresAt: null }]);
    expect(JSON.parse(group.stdout).workers).toMatchObject([{ id: "me", since: null, expiresAt: null }]);
  });

  it.each(["CI", "FORCE_COLOR"])("has no colours without a terminal, whatever %s says", async (name) => {
    const lease = await leases.acquire("writer");
    const settings = { endpoint: engine.endpoint, table, env: { [name]: "1" } };
    const { code, stdout } = await runCli(settings, "list");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^LEASE +STATE/);
    expect(stdout).toMatch(/^writer +held/m);
    expect(stdout).not.toContain("\u001b");
    await lease.release();
  });

  it.skipIf(noTerminal)("cuts a table to the terminal, in colours unless NO_COLOR is set", async () => {
    const lease = await leases.acquire(`a-name-of-${"many".repeat(20)}-letters`);
    const settings = { endpoint: engine.endpoint, table };
    const screens = ["", "1"].map(
      (NO_COLOR) =>
        new ScreenOf(cliCommand("list"), {
          env: cliEnvironment({ ...settings, env: { NO_COLOR } }),
          columns: 60,
        }),
    );
    expect(await Promise.all(screens.map((screen) => screen.ended()))).toEqual([0, 0]);
    for (const screen of screens) {
      const lines = await screen.lines();
      expect(lines[0]).toMatch(/^LEASE +STATE +HOLDER +ENDS$/);
      expect(
        lines.filter((line) => /^a-name-of-m\S*… +held +me\/\S+…  (5\d|60) s left$/.test(line)),
      ).toHaveLength(1);
      // No line of the table was too long and went on in the next.
      expect(lines.filter((line) => !/^(LEASE|a-name-of-m|service|writer)/.test(line))).toEqual([]);
    }
    expect(screens.map(({ printed }) => printed.includes("\u001b[32m"))).toEqual([true, false]);
    await Promise.all(screens.map((screen) => screen[Symbol.asyncDispose]()));
    await lease.release();
  });
});

describe("leasehold candidates", () => {
  it("lists who stands, strongest first, and says who leads", async () => {
    await using service = new LeaseClient({ tableName: table, client: engine.client });
    const strong = service.candidate("service", { id: "node-strong", priority: 5 });
    await strong.campaign();
    const weak = service.candidate("service", { id: "node-weak" });
    const waiting = weak.campaign().catch(() => undefined);
    while ((await service.candidates("service")).length < 2) await delay(20);
    const [people, programs] = await Promise.all([
      run("candidates", "service"),
      run("candidates", "service", "--json"),
    ]);
    const lines = people.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^node-strong +5 +leads +\d/);
    expect(lines[2]).toMatch(/^node-weak +0 +\d/);
    expect(jsonOf("candidates", programs.stdout)).toMatchObject([
      { id: "node-strong", priority: 5, leads: true },
      { id: "node-weak", priority: 0, leads: false },
    ]);
    await service.close();
    await waiting;
  });
});
