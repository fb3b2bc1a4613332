import { LeaseClient } from "leasehold";
import { describe, expect, it } from "vitest";
import { Link, type Traffic } from "../../local/harness/link.ts";
import { runCli } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { eventsIn } from "../support/run-events.ts";
import { eventually, RunningCli } from "../support/running-cli.ts";

const table = "leases";
const engine = engineForTests(table);

const settings = () => ({ endpoint: engine.endpoint, table });

describe.concurrent("what leasehold run is called with", () => {
  it("takes a lease whose name begins with a hyphen, behind a -- of its own", async () => {
    const command = ["--", "sh", "-c", 'echo "$LEASEHOLD_NAME|$*"', "sh", "--"];
    const [plain, behindOption] = await Promise.all([
      runCli(settings(), "run", "--", "-dash", ...command),
      runCli(settings(), "run", "--once", "--", "--dash", ...command),
    ]);
    expect(plain).toMatchObject({ code: 0, stdout: "-dash|--\n" });
    expect(behindOption).toMatchObject({ code: 0, stdout: "--dash|--\n" });
  });

  it("tells with --json as a last event why a command could not be run", async () => {
    const of = (...args: string[]) => runCli(settings(), "run", "failing", "--json", ...args);
    const failed = [
      of("--", "no-such-program"),
      of("--table", "nowhere", "--quiet", "--", "true"),
      of("true"),
    ];
    const [missing, nowhere, misused] = await Promise.all(failed);
    const events = [missing, nowhere, misused].map((one) => [one?.code, eventsIn(one?.stderr ?? "")]);
    const event = { event: "failed", lease: "failing" };
    expect(events).toMatchObject([
      [127, [{ ...event, code: 127, cause: expect.stringContaining('cannot run "no-such-program"') }]],
      [125, [{ ...event, code: 125, cause: expect.stringMatching(/^TABLE_NOT_FOUND: /) }]],
      [125, [{ ...event, code: 125, cause: expect.stringContaining('behind "--"') }]],
    ]);
  });

  it.each([
    ["--bad run x -- true", 125],
    ["--tabel leases run x -- true", 125],
    ["run x --table", 125],
    ["--bad get run", 2],
    ["gte run", 2],
    ["--table", 2],
  ])("is told apart from other wrong command lines: %s", async (line, code) => {
    expect(await runCli({}, ...line.split(" "))).toMatchObject({
      code,
      stderr: expect.stringMatching(/^\S.*\n$/),
    });
  });

  it.each([
    [["true", "--quiet"], /behind "--"/],
    [["true", "--", "true"], /behind "--"/],
    [["--grace", "5", "--", "true"], /--grace must be .*with its unit.*"5"/],
    [["--once", "--keep", "--", "true"], /--keep.*--once/],
    [["--tick", "7m", "--", "true"], /does not divide a day/],
    [["--tick", "yesterday", "--", "true"], /--tick must be an instant/],
    [["--priority", "high", "--", "true"], /--priority must be a whole number/],
    [["--priority", "", "--", "true"], /--priority must be a whole number/],
  ])("refuses %j before anything is sent", async (args, says) => {
    const { code, stderr } = await runCli(
      { ...settings(), endpoint: "http://127.0.0.1:9" },
      "run",
      "wrong",
      ...args,
    );
    expect(code).toBe(125);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe.concurrent("leasehold run, while nothing listens where the table should be", () => {
  it.for([
    // A candidate looks first, an occurrence is claimed.
    { more: [], first: "" },
    { more: ["--tick", "1h"], first: "may be claimed, nobody can say, so it does not lead: " },
  ])("says so in a line that names the lease once ($more)", async ({ more, first }) => {
    const settled = { endpoint: "http://127.0.0.1:9", table };
    await using program = await RunningCli.start(settled, "run", "unheard", ...more, "--", "true");
    const [line] = await program.says(/.*tries again\n/);
    expect(line).toBe(
      `leasehold: lease "unheard": STORE_UNAVAILABLE: ${first}table "leases" at 127.0.0.1:9: no connection; ` +
        "check endpoint and region (Error: connect ECONNREFUSED 127.0.0.1:9); tries again\n",
    );
  });
});

describe.concurrent("leasehold run --tick, while the table cannot be reached", () => {
  it("tells of it once where writes fail alone, though looks are answered", async () => {
    let tries = 0;
    const traffic: Traffic = {
      fateOf: (operation) => {
        if (operation !== "UpdateItem") return {};
        tries += 1;
        return { fault: "reset before" };
      },
      onExchange: () => undefined,
    };
    await using link = await Link.open({ engine: engine.endpoint, traffic });
    const options = ["--tick", "1h", "--quiet", "--duration", "1s"];
    const settled = { endpoint: link.endpoint, table };
    await using program = await RunningCli.start(settled, "run", "unwritable", ...options, "--", "true");
    await eventually(() => program.stderr.includes("tries again\n"));
    tries = 0;
    await eventually(() => tries >= 12);
    expect(program.stderr.match(/tries again\n/g)).toHaveLength(1);
  });

  it("tells of it once, and again only when it was answered meanwhile", async () => {
    await using another = new LeaseClient({ tableName: table, client: engine.client });
    const lease = await another.acquire("unsteady");
    let isDown = true;
    let tries = 0;
    let looks = 0;
    const traffic: Traffic = {
      fateOf: (operation) => {
        if (operation === "UpdateItem") tries += 1;
        return isDown ? { fault: "reset before" } : {};
      },
      onExchange: ({ operation }) => {
        if (operation === "GetItem") looks += 1;
      },
    };
    await using link = await Link.open({ engine: engine.endpoint, traffic });
    const options = ["--tick", "1h", "--quiet", "--duration", "1s"];
    await using program = await RunningCli.start(
      { endpoint: link.endpoint, table },
      "run",
      "unsteady",
      ...options,
      "--",
      "echo",
      "ran",
    );
    const troubles = () => program.stderr.match(/tries again\n/g)?.length ?? 0;
    const severalTries = async (): Promise<void> => {
      await eventually(() => troubles() > 0);
      tries = 0;
      await eventually(() => tries >= 15);
    };
    await severalTries();
    expect(troubles()).toBe(1);
    isDown = false;
    await eventually(() => looks >= 2);
    // A starved machine may have missed an answer meanwhile.
    const before = troubles();
    isDown = true;
    await eventually(() => troubles() >= 2);
    await severalTries();
    expect(troubles() - before).toBeLessThanOrEqual(1);
    expect(troubles()).toBeGreaterThanOrEqual(2);
    isDown = false;
    await lease.release();
    expect(await program.ended()).toMatchObject({ code: 0, stdout: "ran\n" });
  });
});
