import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { engineClient, startEngine } from "../../local/engine.ts";
import { makeOwnedFolder, spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "../support/processes.ts";

const environment = { PATH: process.env["PATH"] };

describe("the engine", () => {
  it("answers on loopback when it has started, and is gone when it has stopped", async () => {
    const before = descendantsOf(process.pid);
    const engine = await startEngine(environment);
    const started = descendantsOf(process.pid).filter((pid) => !before.includes(pid));
    expect(started.length).toBeGreaterThan(0);
    expect(new URL(engine.endpoint).hostname).toBe("127.0.0.1");
    const client = engineClient(engine.endpoint);
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual([]);
    client.destroy();
    await engine.stop();
    expect(await remaining(started, 1_000)).toEqual([]);
  });

  it("gives each start tables of its own", async () => {
    await using first = await startEngine(environment);
    await using second = await startEngine(environment);
    expect(first.endpoint).not.toBe(second.endpoint);
  });

  it("is the one in the environment, which stays when it is stopped", async () => {
    await using running = await startEngine(environment);
    for (const name of ["LEASEHOLD_DYNAMODB_ENDPOINT", "AWS_ENDPOINT_URL_DYNAMODB"]) {
      const found = await startEngine({ [name]: running.endpoint });
      expect(found.endpoint).toBe(running.endpoint);
      await found.stop();
    }
    expect((await fetch(running.endpoint)).status).toBe(200);
  });
});

describe("what a process owns", () => {
  it("ends with it, however it ends and even if it is stopped", async () => {
    const parent = startNode(`
      import { makeOwnedFolder, spawnOwned } from ${JSON.stringify(processes)};
      const folder = await makeOwnedFolder("leasehold-test-");
      const child = await spawnOwned(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      child.child.kill("SIGSTOP");
      console.log(folder.path);
    `);
    const folder = await firstLine(parent);
    const owned = descendantsOf(parent.pid ?? 0);
    expect(owned).toHaveLength(2);
    expect(existsSync(folder)).toBe(true);
    parent.kill("SIGKILL");
    expect(await remaining(owned, 3_000)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  it("ends with its own children when it leads a group", async () => {
    const program = `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      console.log("up"); setInterval(() => {}, 1000)`;
    const owned = await spawnOwned(process.execPath, ["-e", program], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    await firstLine(owned.child);
    const pids = [owned.child.pid ?? 0, ...descendantsOf(owned.child.pid ?? 0)];
    expect(pids).toHaveLength(2);
    await owned.kill();
    expect(await remaining(pids, 1_000)).toEqual([]);
  });

  it("removes a folder when it is disposed", async () => {
    const folder = await makeOwnedFolder("leasehold-test-");
    await folder[Symbol.asyncDispose]();
    expect(existsSync(folder.path)).toBe(false);
  });

  it("says which program cannot be started", async () => {
    await expect(spawnOwned("/nonexistent/program", [], {})).rejects.toThrow(/nonexistent/);
  });
});

const processes = new URL("../../local/harness/processes.ts", import.meta.url).href;

function startNode(program: string): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the process has no output");
  const [chunk]: unknown[] = await once(child.stdout, "data");
  return String(chunk).trim();
}
