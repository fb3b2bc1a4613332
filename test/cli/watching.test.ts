import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { Link, UNDISTURBED } from "../../local/harness/link.ts";
import { spawnOwned } from "../../local/harness/processes.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";
import { watchingCli } from "../support/watching-cli.ts";

const table = "leases";
const engine = engineForTests(table);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({ tableName: table, client: engine.client, durationMs: 1_000, graceMs: 1_500 });
});

afterAll(() => leases.close());

const watching = (endpoint: string, ...args: string[]) => watchingCli({ endpoint, table }, ...args);

/** Makes a function whose call of that number does something. */
function after(count: number, act: () => void): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === count) act();
  };
}

describe.concurrent("leasehold watch, without a terminal", () => {
  it("prints a line a change, of every lease that it is given, and ends at once with 0 when told to", async () => {
    await using first = new LeaseClient({ tableName: table, client: engine.client, holder: "first" });
    await using second = new LeaseClient({ tableName: table, client: engine.client, holder: "second" });
    const watch = await watching(engine.endpoint, "writer", "other");
    const seen = [await watch.next(), await watch.next()].map((line) => line.replace(/^\S+ /, ""));
    expect(seen.sort()).toEqual(["other vacant", "writer vacant"]);
    const lease = await first.acquire("writer");
    const { holder, token } = lease;
    expect(await watch.next()).toMatch(
      /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z writer held by first\/\w+ token \d+ \(was vacant\)$/,
    );
    await lease.renew();
    await lease.proclaim("here");
    expect(await watch.next()).toContain(`writer held by ${holder} token ${token}; proclaims "here"`);
    await lease.release();
    const another = await second.acquire("writer");
    const said = await watch.next();
    // A look may miss the moment between the release and the next claim.
    const line = said.includes("vacant") ? await watch.next() : said;
    expect(line).toMatch(
      new RegExp(
        `writer held by second/\\w+ token ${another.token} \\(was (vacant|first/\\w+, released)\\)$`,
      ),
    );
    await second.requestStepDown("writer");
    expect(await watch.next()).toContain(
      `token ${another.token}, which was asked to hand over by an operator`,
    );
    const { code, complaints } = await watch.end("SIGTERM");
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
  });

  it("tells programs the same, renewals where they are asked for, and of a take-over", async () => {
    const watch = await watching(engine.endpoint, "job", "--json", "--renewals");
    const next = async () => jsonOf("watch", await watch.next());
    expect(await next()).toMatchObject({ name: "job", change: "seen", previous: null });
    const { holder, token } = await leases.acquire("job", { renew: "manual" }); // It will not renew.
    expect(await next()).toMatchObject({ change: "acquired", lease: { holder, token, state: "held" } });
    const successor = await leases.acquire("job");
    let change = await next();
    while (change.change !== "acquired") change = await next();
    expect(change).toMatchObject({
      how: "taken-over",
      previous: { holder, token },
      lease: { holder: successor.holder, token: successor.token },
    });
    expect(await next()).toMatchObject({ change: "renewed", lease: { token: successor.token } });
    expect(await watch.end("SIGINT")).toMatchObject({ code: 0, complaints: "" });
    await successor.release();
  });

  it("says that the table does not answer, goes on, and ends at once also while it waits for an answer", async () => {
    await using link = await Link.open({ engine: engine.endpoint });
    const watch = await watching(link.endpoint, "quiet");
    expect(await watch.next()).toContain("quiet vacant");
    link.traffic = { ...UNDISTURBED, fateOf: () => ({ fault: "reset before" }) };
    expect(await watch.next()).toMatch(
      /quiet not seen: the table does not answer, goes on asking: STORE_UNAVAILABLE: /,
    );
    let answered = () => {};
    const thrice = new Promise<void>((resolve) => (answered = after(3, resolve)));
    link.traffic = { ...UNDISTURBED, onExchange: () => answered() };
    expect(await watch.next()).toMatch(/quiet seen again: the table had not answered for \S+ s$/);
    await thrice; // Of the second and third answer there is nothing to tell.
    let asked = () => {};
    const asking = new Promise<void>((resolve) => (asked = resolve));
    link.traffic = { ...UNDISTURBED, fateOf: () => (asked(), { fault: "hung request" }) };
    await asking;
    const from = performance.now();
    expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, complaints: "", rest: [] });
    expect(performance.now() - from).toBeLessThan(1_500); // The request's own deadline is 3 s.
  });

  it("tells of a refusal once, however often it asks, and of one that ends it only as an error", async () => {
    await createLeaseTable(engine.client, "vanishing");
    const watch = await watching(engine.endpoint, "writer", "--table", "vanishing");
    expect(await watch.next()).toContain("writer vacant");
    await engine.client.send(new DeleteTableCommand({ TableName: "vanishing" }));
    expect(await watch.next()).toContain("goes on asking: TABLE_NOT_FOUND");
    await sleep(500); // Some looks long.
    expect(await watch.end("SIGTERM")).toMatchObject({ code: 0, rest: [] });
    const none = await runCli({ endpoint: engine.endpoint, table: "vanishing" }, "watch", "writer");
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toMatch(/^leasehold: TABLE_NOT_FOUND: [^\n]+\n$/);
  });

  it("ends without a word when nobody reads its lines any more", async () => {
    const lease = await leases.acquire("piped");
    const [file, args] = cliCommand("watch", "piped", "--renewals", "--interval", "100ms");
    const pipeline = `"$0" "$@" | head -1; echo "\${PIPESTATUS[0]}"`;
    const { child, gone } = await spawnOwned("bash", ["-c", pipeline, file, ...args], {
      env: cliEnvironment({ endpoint: engine.endpoint, table }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.stdout === null || child.stderr === null) throw new Error("the program has no output");
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), gone]);
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^\S+ piped held by \S+ token \d+\n0\n$/),
      stderr: "",
    });
    await lease.release();
  });
});

describe.skipIf(noTerminal)("leasehold watch, on a terminal", () => {
  it("draws a table whose ages count on without requests, and leaves the last one after Ctrl-C", async () => {
    await using long = new LeaseClient({
      tableName: table,
      client: engine.client,
      durationMs: 60_000,
      holder: "me",
    });
    const lease = await long.acquire("shown");
    let requests = 0;
    const traffic = { ...UNDISTURBED, onExchange: () => (requests += 1) };
    await using link = await Link.open({ engine: engine.endpoint, traffic });
    const env = cliEnvironment({ endpoint: link.endpoint, table });
    await using screen = new ScreenOf(cliCommand("watch", "shown", "free", "--interval", "1m"), {
      env,
      columns: 120,
    });
    const first = await screen.sees(/^shown +held +me\/\w+ +\d+ .* (5\d|60) s left\nfree +vacant +0\n/m);
    expect(first).toMatch(/^LEASE +STATE +HOLDER +TOKEN +LEADS SINCE +RENEWED +ENDS$/m);
    expect(screen.printed).toContain("\u001b[32mheld");
    const left = Number(/(\d+) s left/.exec(first)?.[1]);
    await screen.sees(new RegExp(`^shown .* ${left - 1} s left$`, "m"));
    screen.resize(50, 10);
    const narrow = await screen.sees(/^LEASE +STATE +HOLDER +ENDS$/m);
    expect(narrow.match(/^LEASE/gm)).toHaveLength(1);
    expect(narrow.match(/^shown +held +me\/\S+… +5\d s left$/gm)).toHaveLength(1);
    expect(requests).toBe(3); // A look at each, and one at what else the name without a lease has.
    screen.type("\x03");
    expect(await screen.ended()).toBe(0);
    const last = (await screen.lines()).join("\n");
    expect(last).toMatch(/^LEASE +STATE +HOLDER +ENDS\nshown +held .*\nfree +vacant/m);
    expect(screen.printed.lastIndexOf("\u001b[?25h")).toBeGreaterThan(
      screen.printed.lastIndexOf("\u001b[?25l"),
    );
    await lease.release();
  });

  it("says in the table that there is no answer, from the first request on, and shows what fits", async () => {
    await using link = await Link.open({ engine: engine.endpoint });
    link.traffic = { ...UNDISTURBED, fateOf: () => ({ fault: "reset before" }) };
    const names = Array.from({ length: 12 }, (_, nth) => `lease-${nth}`);
    const env = cliEnvironment({ endpoint: link.endpoint, table });
    const command = cliCommand("watch", ...names, "--interval", "200ms");
    await using screen = new ScreenOf(command, { env, rows: 8 });
    const seen = await screen.sees(
      /^the table has not answered for \S+ s, goes on asking: STORE_UNAVAILABLE/m,
    );
    expect(seen).toMatch(/^LEASE +STATE.*\nlease-0 +\?\n/);
    expect(seen).toMatch(/^and 8 more/m);
    link.traffic = UNDISTURBED;
    await screen.sees(/^lease-3 +vacant[^]*^looked \S+ s ago, every 0\.2 s; Ctrl-C ends$/m);
    screen.type("\x03");
    expect(await screen.ended()).toBe(0);
  });
});
