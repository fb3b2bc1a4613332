import { symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { LeaseClient } from "leasehold";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Link } from "../../local/harness/link.ts";
import { makeOwnedFolder, spawnOwned } from "../../local/harness/processes.ts";
import { cliCommand, cliEnvironment } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { descendantsOf, remaining } from "../support/processes.ts";
import { eventually, RunningCli } from "../support/running-cli.ts";

const table = "leases";
const engine = engineForTests(table);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({
    tableName: table,
    client: engine.client,
    holder: "another",
    retryIntervalMs: 50,
  });
});

afterAll(() => leases.close());

/** Prints the ids of two processes of one group; neither ends when it is asked to. */
const STUBBORN = `trap '' TERM; sleep 60 & echo "pids $$ $! begin"; wait; sleep 60`;
/** Ends when it is asked to, and says so. */
const WILLING = `trap 'echo told; sleep 0.2; exit 0' TERM; echo "pids $$ $$ begin"; sleep 60 & wait; wait`;

/** Requests are answered late on a starved machine: only who waits for the end of a term has a shorter one. */
const start = (name: string, script: string, options: string[], endpoint = engine.endpoint) =>
  RunningCli.start(
    { endpoint, table },
    "run",
    name,
    "--duration",
    "6s",
    ...options,
    "--",
    "sh",
    "-c",
    script,
  );

/** The processes of the command, once it runs. */
async function pidsOf(program: RunningCli): Promise<number[]> {
  const [, first, second] = await program.prints(/pids (\d+) (\d+) begin/);
  return [Number(first), Number(second)];
}

const stateOf = async (name: string) => (await leases.get(name)).kind;

describe.concurrent("a command that is run while leading", () => {
  // The longest first: they wait side by side.
  describe("leasehold run --tick, on two machines", () => {
    const tick = "2026-11-28T02:00:00Z";
    const machine = (name: string, script: string, ...options: string[]) =>
      start(name, script, ["--tick", tick, "--grace", "300ms", ...options]);

    it("waits for the one that leads, and does the occurrence when that one crashed", async () => {
      await using first = await machine("crashed", WILLING, "--duration", "3s");
      const pids = await pidsOf(first);
      await using second = await machine("crashed", "echo instead", "--duration", "3s");
      await second.says(/waits/);
      first.kill("SIGKILL");
      expect(await second.ended()).toMatchObject({ code: 0, stdout: "instead\n" });
      expect(await remaining(pids, 0)).toEqual([]);
    });

    it("runs an occurrence once: beside the other, and after it", async () => {
      const script = 'echo "ran $LEASEHOLD_TICK"; sleep 0.1';
      await using first = await machine("nightly", script);
      await using second = await machine("nightly", script);
      const both = [await first.ended(), await second.ended()];
      expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 75]));
      expect(both.map(({ stdout }) => stdout).join("")).toBe("ran 2026-11-28T02:00:00.000Z\n");
      await using late = await machine("nightly", script, "--quiet");
      expect(await late.ended()).toMatchObject({ code: 75, stdout: "", stderr: "" });
      expect(await stateOf("nightly")).toBe("vacant");
    });

    it("tries an occurrence that failed on the other machine, and with --at-most-once does not", async () => {
      const script = "echo ran; exit 1";
      const codes: (number | null)[] = [];
      for (const options of [[], [], ["--at-most-once"], ["--at-most-once"]]) {
        await using one = await machine("failing", script, ...options);
        codes.push((await one.ended()).code);
      }
      expect(codes).toEqual([1, 1, 1, 75]);
    });
  });

  describe("leasehold run, when leadership is lost", () => {
    it("has killed the command before another leads when it is cut off from the table", async () => {
      await using link = await Link.open({ engine: engine.endpoint });
      await using program = await start(
        "cut",
        STUBBORN,
        ["--grace", "600ms", "--duration", "3s"],
        link.endpoint,
      );
      const pids = await pidsOf(program);
      link.cut();
      const lease = await leases.acquire("cut");
      expect(await remaining(pids, 0)).toEqual([]);
      const { code, stderr } = await program.ended();
      expect(code).toBe(76);
      expect(stderr).toMatch(/leads no more: expired while the store was out of reach/);
      await lease.release();
    });

    it("has killed the command before another leads when leasehold itself is stopped", async () => {
      await using program = await start("frozen", STUBBORN, ["--grace", "500ms", "--duration", "3s"]);
      const pids = await pidsOf(program);
      program.freeze();
      const lease = await leases.acquire("frozen");
      expect(await remaining(pids, 0)).toEqual([]);
      program.thaw();
      const { code, stderr } = await program.ended();
      expect(code).toBe(76);
      expect(stderr.trim().split("\n")).toEqual(stderr.match(/^leasehold: lease "frozen": .*$/gm));
      expect((await leases.get("frozen")).token).toBe(lease.token);
      await lease.release();
    });

    // Only Linux tells which processes are of a session.
    const here = it.skipIf(process.platform !== "linux");
    here("ends what the command runs in other groups of its session, too, as `timeout` does", async () => {
      // `timeout` makes a group of its own, unless it is the command itself.
      const script = `timeout 60 sh -c 'trap "" TERM; echo "pids $$ $PPID begin"; while :; do sleep 0.1; done'; true`;
      await using handed = await start("grouped", script, ["--grace", "300ms"]);
      await using killed = await start("grouped-killed", script, ["--grace", "300ms"]);
      const pids = [await pidsOf(handed), await pidsOf(killed)].flat();
      killed.kill("SIGKILL");
      const next = leases.acquire("grouped");
      await leases.requestStepDown("grouped");
      const lease = await next;
      expect(await remaining(pids.slice(0, 2), 0)).toEqual([]);
      expect(await handed.ended()).toMatchObject({ code: 76 });
      expect(await remaining(pids.slice(2), 5_000)).toEqual([]);
      await lease.release();
    });

    it("asks the whole group to end, kills it after --grace, and exits with 76: by force", async () => {
      await using program = await start("forced", STUBBORN, ["--grace", "300ms"]);
      const pids = await pidsOf(program);
      await leases.forceRelease("forced");
      const { code, stderr } = await program.ended();
      expect(code).toBe(76);
      expect(stderr).toMatch(/leads no more: vacated or deleted by somebody else/);
      expect(await remaining(pids, 0)).toEqual([]);
      expect(await stateOf("forced")).toBe("vacant");
    });

    it("hands over only once the command has ended, and exits with 76", async () => {
      await using program = await start("handed", WILLING, []);
      const pids = await pidsOf(program);
      const next = leases.acquire("handed");
      await leases.requestStepDown("handed");
      const lease = await next;
      expect(await remaining(pids, 0)).toEqual([]);
      const { code, stdout, stderr } = await program.ended();
      expect({ code, stdout }).toEqual({ code: 76, stdout: expect.stringMatching(/told\n$/) });
      expect(stderr).toMatch(/is to be handed over/);
      await lease.release();
    });

    it("kills a command that does not end in time for a hand-over, before it hands over", async () => {
      await using program = await start("slow", STUBBORN, ["--grace", "400ms"]);
      const pids = await pidsOf(program);
      const next = leases.acquire("slow");
      await leases.requestStepDown("slow");
      const lease = await next;
      expect(await remaining(pids, 0)).toEqual([]);
      expect(await program.ended()).toMatchObject({ code: 76 });
      await lease.release();
    });

    it("ends the command when leasehold itself is killed, and when its guard was killed before, too", async () => {
      await using program = await start("killed", STUBBORN, ["--grace", "200ms"]);
      const pids = await pidsOf(program);
      const guards = () => descendantsOf(program.pid).filter((pid) => !pids.includes(pid));
      const guard = (await eventually(() => guards()[0])) ?? 0;
      process.kill(guard, "SIGKILL");
      expect(await eventually(() => guards().find((pid) => pid !== guard))).toBeGreaterThan(0);
      program.kill("SIGKILL");
      expect(await remaining(pids, 5_000)).toEqual([]);
    });

    it("says that it has no guard where none can be started, and goes on", async () => {
      await using folder = await makeOwnedFolder("leasehold-moved-");
      const program = join(folder.path, "leasehold.js");
      symlinkSync(inject("cli"), program);
      const lease = await leases.acquire("moved");
      const [file, [, ...args]] = cliCommand("run", "moved", "--", "sh", "-c", "sleep 1.5; exit 4");
      const { child, gone } = await spawnOwned(file, [program, ...args], {
        env: cliEnvironment({ endpoint: engine.endpoint, table }),
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr?.on("data", (data) => (said += String(data)));
      await eventually(() => said.includes("waits"));
      unlinkSync(program); // As a deployment does that replaces it.
      await lease.release();
      expect(await gone).toMatchObject({ code: 4 });
      expect(said.match(/the guard cannot be started/g)).toHaveLength(1);
    });

    /** Says what it is told, and goes on after the first SIGTERM. The second one ends it. */
    const SLOW = `n=0; trap 'echo told; n=$((n+1)); test $n -lt 2 || exit 0' TERM; trap 'echo reload' HUP
      echo begin; while :; do sleep 0.1; done`;
    const keep = (name: string) => start(name, SLOW, ["--keep", "--duration", "3s", "--grace", "800ms"]);

    it.each<NodeJS.Signals>(["SIGTERM", "SIGHUP"])(
      "with --keep runs nothing anew after %s that came while the command was being ended",
      async (signal) => {
        const name = `kept-asked-${signal}`;
        await using program = await keep(name);
        await program.prints(/begin/);
        await leases.requestStepDown(name);
        await program.prints(/told/);
        program.kill(signal);
        const { code, stdout } = await program.ended();
        expect({ code, begun: stdout.match(/begin/g)?.length }).toEqual({ code: 76, begun: 1 });
        expect(await stateOf(name)).toBe("vacant");
      },
    );

    it("with --keep runs nothing anew when leadership is lost after SIGTERM, and does after SIGHUP", async () => {
      await using told = await keep("kept-told");
      await using reloaded = await keep("kept-reloaded");
      await Promise.all([told.prints(/begin/), reloaded.prints(/begin/)]);
      told.kill("SIGTERM");
      reloaded.kill("SIGHUP");
      await Promise.all([told.prints(/told/), reloaded.prints(/reload/)]);
      await Promise.all([leases.requestStepDown("kept-told"), leases.forceRelease("kept-reloaded")]);
      const { code, stdout } = await told.ended();
      expect({ code, begun: stdout.match(/begin/g)?.length }).toEqual({ code: 76, begun: 1 });
      await reloaded.prints(/begin[^]*begin/);
    });

    it("with --keep waits and runs the command again, until it ends by itself", async () => {
      const script = `if test -e "$MARK"; then echo again; exit 5; fi; touch "$MARK"; ${WILLING}`;
      const MARK = `${inject("cli")}.mark`;
      await using program = await RunningCli.start(
        { endpoint: engine.endpoint, table, env: { MARK } },
        "run",
        "kept",
        "--duration",
        "6s",
        "--keep",
        "--",
        "sh",
        "-c",
        script,
      );
      await pidsOf(program);
      await leases.forceRelease("kept");
      expect(await program.ended()).toMatchObject({
        code: 5,
        stdout: expect.stringMatching(/told\nagain\n$/),
      });
      expect(await stateOf("kept")).toBe("vacant");
    });
  });
});
