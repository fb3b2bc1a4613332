import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { untilStopped } from "../support/candidates.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";

const table = "leases";
const engine = engineForTests(table);
/** Leads for a minute unless it renews. */
let slow: LeaseClient;
/** Hears of requests soon. */
let quick: LeaseClient;

beforeAll(() => {
  slow = new LeaseClient({ tableName: table, client: engine.client, durationMs: 60_000 });
  quick = new LeaseClient({
    tableName: table,
    client: engine.client,
    durationMs: 20_000,
    renewIntervalMs: 200,
    retryIntervalMs: 100,
  });
});

afterAll(() => Promise.all([slow.close(), quick.close()]));

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);
const onScreen = (...args: string[]): ScreenOf =>
  new ScreenOf(cliCommand(...args), { env: cliEnvironment({ endpoint: engine.endpoint, table }) });

describe.concurrent("leasehold step-down", () => {
  it("says who was asked and to whom the lead was handed over", async () => {
    const stop = new AbortController();
    const candidates = ["node-a", "node-b", "node-c"].map((id) => quick.candidate("service", { id }));
    const runs: Promise<void>[] = [];
    for (const [nth, candidate] of candidates.entries()) {
      runs.push(candidate.run(untilStopped, { signal: stop.signal }));
      while ((await quick.candidates("service")).length <= nth) await delay(10);
      while ((await quick.get("service")).holder === undefined) await delay(10);
    }
    const { token } = await quick.get("service");
    const { code, stdout, stderr } = await run("step-down", "service", "--to", "node-c");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const after = await quick.get("service");
    expect(after.holder).toBe("node-c");
    expect(stdout).toBe(
      `service: asked node-a (token ${token}) to hand over\nservice: handed over to node-c (token ${after.token})\n`,
    );
    stop.abort();
    await Promise.all(runs);
  });

  it("says that a lone leader leads again", async () => {
    const stop = new AbortController();
    const running = quick.candidate("lone", { id: "hermit" }).run(untilStopped, { signal: stop.signal });
    while ((await quick.get("lone")).holder === undefined) await delay(10);
    const { token } = await quick.get("lone");
    const { code, stdout } = await run("step-down", "lone", "--json");
    const came = jsonOf("step-down", stdout);
    expect({ code, ...came }).toMatchObject({
      code: 0,
      outcome: "led-again",
      asked: { holder: "hermit", token },
    });
    expect(came.leader?.holder).toBe("hermit");
    expect(came.leader?.token).toBeGreaterThan(token);
    stop.abort();
    await running;
  });

  it("ends with a code of its own when the leader still leads after --wait", async () => {
    const { holder, token } = await slow.acquire("busy", { renew: "manual" });
    const { code, stdout, stderr } = await run("step-down", "busy", "--wait", "100ms");
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: `busy: asked ${holder} (token ${token}) to hand over\n`,
    });
    expect(stderr).toMatch(/^leasehold: \S+ \(token \d+\) still leads "busy"[^\n]*leasehold get busy\n$/);
  });

  it("waits for nothing with --no-wait, and asks nobody where nobody leads", async () => {
    const { holder, token } = await slow.acquire("asked", { renew: "manual" });
    await (await slow.acquire("free", { renew: "manual" })).release();
    const [asked, vacant] = await Promise.all([
      run("step-down", "asked", "--no-wait", "--to", "nodeb", "--force", "--json"),
      run("step-down", "free"),
    ]);
    expect(asked).toMatchObject({ code: 0, stderr: "" });
    expect(jsonOf("step-down", asked.stdout)).toMatchObject({
      outcome: "asked",
      asked: { holder, token },
      to: "nodeb",
    });
    expect((await slow.get("asked")).requestedBy).toBe("nodeb");
    expect((await run("get", "asked")).stdout).toMatch(/^asked to hand over +to nodeb$/m);
    expect(vacant).toMatchObject({
      code: 0,
      stdout: "free: nobody leads, so nobody was asked\n",
      stderr: "",
    });
  });

  it("asks nobody for an id that is not listed, unless --force is given", async () => {
    await slow.acquire("listless", { renew: "manual" });
    const { code, stdout, stderr } = await run("step-down", "listless", "--to", "nodeb");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      'leasehold: no candidate of "listless" is listed as nodeb, so nobody was asked; ' +
        "see leasehold candidates listless, or give --force\n",
    );
    expect((await slow.get("listless")).requestedBy).toBeUndefined();
  });

  it("is not done where the table knows nothing of the lease, nor is a release", async () => {
    const asked = await Promise.all([run("step-down", "wirter"), run("release", "wirter", "--force")]);
    for (const { code, stdout, stderr } of asked) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe('leasehold: the table knows nothing of this lease: "wirter"; nothing was done\n');
    }
  });

  it.for([
    ["--no-wait", "--wait", "3s"],
    ["--wait", "3s", "--no-wait"],
  ])("is misused with %s %s %s", async (options) => {
    const { code, stderr } = await run("step-down", "any", ...options);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "leasehold: --wait and --no-wait exclude each other; give one of them\n",
    });
  });
});

describe.concurrent("leasehold release", () => {
  it("is refused without --force where there is no terminal to ask on, and sends nothing", async () => {
    const { code, stdout, stderr } = await runCli(
      { endpoint: "http://127.0.0.1:1", table },
      "release",
      "any",
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^leasehold: release ends a term by force[^\n]+--force\n$/);
  });

  it("ends the term without a question with --force, and tells what came of it", async () => {
    const { holder, token } = await slow.acquire("stuck", { renew: "manual" });
    const forced = await run("release", "stuck", "--force", "--json");
    expect(forced).toMatchObject({ code: 0, stderr: "" });
    const came = { name: "stuck", shard: null, outcome: "released", holder, token, reservedFor: null };
    expect(jsonOf("release", forced.stdout)).toEqual(came);
    expect((await slow.get("stuck")).kind).toBe("vacant");
  });

  it.skipIf(noTerminal)("shows the term that it would end, and ends it after a yes", async () => {
    const { holder, token } = await slow.acquire("held", { renew: "manual" });
    await using screen = onScreen("release", "held");
    const seen = await screen.sees(/End this term\? \[y\/N\]/);
    expect(seen).toContain(holder);
    expect(seen).toMatch(new RegExp(`^token +${token}$`, "m"));
    expect(seen.replaceAll("\n", "")).toContain(
      "Until its next renewal the holder goes on believing that it leads",
    );
    screen.type("y\r");
    expect(await screen.ended()).toBe(0);
    await screen.sees(/^held: the term of \S+ \(token \d+\) was ended/m);
    expect((await slow.get("held")).kind).toBe("vacant");
  });

  it.skipIf(noTerminal)("does nothing after anything else, nor where another leads by then", async () => {
    const kept = await slow.acquire("kept", { renew: "manual" });
    const first = await slow.acquire("changed", { renew: "manual" });
    const [no, silence, late] = [
      onScreen("release", "kept"),
      onScreen("release", "kept"),
      onScreen("release", "changed"),
    ];
    await Promise.all([no, silence, late].map((screen) => screen.sees(/\[y\/N\]/)));
    no.type("\r");
    silence.type("\u0003");
    await first.release();
    const second = await slow.acquire("changed", { renew: "manual" });
    late.type("yes\r");
    expect(await Promise.all([no.ended(), silence.ended(), late.ended()])).toEqual([1, 1, 1]);
    await no.sees(/^leasehold: nothing was done: the lease "kept" was not released$/m);
    await late.sees(/^leasehold: nothing was done: meanwhile \S+ leads under token/m);
    expect((await slow.get("kept")).token).toBe(kept.token);
    expect(await slow.get("changed")).toMatchObject({ kind: "held", holder: second.holder });
    for (const screen of [no, silence, late]) await screen[Symbol.asyncDispose]();
  });
});

describe.concurrent("leasehold tick", () => {
  it("shows the last tick, sets it back and never forward, and forgets it", async () => {
    const last = "2026-01-31T02:00:00.000Z";
    const before = "2026-01-30T02:00:00.000Z";
    await slow.run("nightly", async () => undefined, { tick: last });
    const tick = (...args: string[]) => run("tick", "nightly", ...args);
    const [shown, forward] = await Promise.all([tick(), tick("--set", "2026-02-01T02:00:00Z")]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(new RegExp(`^${last} \\(\\d+ d ago\\)\n$`));
    expect(forward).toMatchObject({ code: 1, stdout: "" });
    expect(forward.stderr).toMatch(
      /^leasehold: a tick is only ever set back, and 2026-02-01T02:00:00Z is later[^\n]+\n$/,
    );
    const [none, wrong] = await Promise.all([
      run("tick", "unheard-of", "--set", last),
      run("tick", "nightly", "--set", "soon"),
    ]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('"unheard-of" has none') });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--set must be an instant") });
    const holder = await slow.acquire("nightly", { renew: "manual" });
    const back = await tick("--set", "2026-01-30T03:00+01:00");
    expect(back.stdout).toContain(`set back from ${last} to ${before}`);
    expect(back.stderr).toContain(`note: ${holder.holder} holds the lease`);
    expect((await slow.get("nightly")).tick).toBe(before);
    const cleared = await tick("--clear", "--json");
    expect(jsonOf("tick", cleared.stdout)).toEqual({
      name: "nightly",
      shard: null,
      outcome: "cleared",
      tick: null,
      previous: before,
      holder: holder.holder,
    });
  });
});
