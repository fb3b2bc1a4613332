import { describe, expect, it } from "vitest";
import { runCli, startCli } from "../support/cli.ts";
import { COMMANDS } from "../support/commands.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { granted, LEASES } from "../support/grants.ts";
import type { Statement } from "../support/iam.ts";
import { putRow, rowOf } from "../support/lease-tables.ts";
import { CALLS, type Role } from "../support/requests.ts";
import { underPolicy } from "../support/under-policy.ts";

const engine = engineForTests(LEASES);

const policyOf = (role: Role, lease: string): Statement[] =>
  granted((table, grantee) => {
    if (role === "campaign") table.grantCampaign(grantee, lease);
    if (role === "observe") table.grantObserve(grantee, lease);
    if (role === "operate") table.grantOperate(grantee, lease);
    if (role === "observe-all") table.grantObserve(grantee);
    if (role === "operate-all") table.grantOperate(grantee);
  }).statements();

/** Runs a command through a gate that lets pass what a role may do; `watch` until its first line. */
async function under(role: Role, args: readonly string[], lease = "writer") {
  await using gate = await underPolicy(engine.endpoint, policyOf(role, lease));
  const run = await startCli({ endpoint: gate.endpoint, table: LEASES }, ...args);
  if (args[0] === "watch") run.child.stdout?.once("data", () => run.child.kill("SIGTERM"));
  const ended = await run.ended();
  return { ...ended, judged: gate.judged };
}

/** Somebody leads, and an occurrence was done, so that there is something to do for each command. */
async function arrange(held: boolean): Promise<void> {
  const now = Date.now();
  await putRow(engine.client, LEASES, {
    pk: "writer",
    sk: "lease",
    token: now - 1_000,
    revision: 1,
    writeId: "w",
    transitions: 1,
    durationMs: 60_000,
    tick: "2026-01-31T02:00:00.000Z",
    ...(held ? { holder: "me", expiresAt: now + 60_000 } : {}),
  });
  await putRow(engine.client, LEASES, {
    pk: "writer",
    sk: "candidate#heir",
    holder: "heir",
    token: 1,
    revision: 1,
    writeId: "r",
    durationMs: 120_000,
    acquiredAt: now,
    renewedAt: now,
    expiresAt: now + 120_000,
  });
}

describe("each command of the command line", { timeout: 60_000 }, () => {
  it.each(Object.entries(COMMANDS))(
    "%s does its work under its grant, and sends what the guide says",
    async (name, { grant, calls, actions = [], plays }) => {
      await arrange(name !== "run");
      const { code, stderr, judged } = await under(grant, plays);
      expect({ code, stderr: stderr.replaceAll(/^note: .*\n/gm, "") }).toMatchObject({ code: 0 });
      const taken = new Set([...calls.flatMap((call) => CALLS[call]?.actions ?? []), ...actions]);
      const allowed = judged
        .filter((one) => one.allowed)
        .map(({ action }) => action.replace("dynamodb:", ""));
      const denied = judged.filter((one) => !one.allowed);
      // `doctor` tries more than it needs, to tell what its caller may do.
      const probes = name === "doctor" ? ["Query", "UpdateItem"] : [];
      expect(
        [...new Set(allowed)].filter((action) => !taken.has(action) && !probes.includes(action)),
      ).toEqual([]);
      expect(name === "doctor" ? [] : denied).toEqual([]);
      expect(allowed.length).toBeGreaterThan(0);
    },
  );

  it.each(["step-down", "release --force", "tick --clear", "run"])(
    "%s is denied to an observer, and of another lease, and changes nothing",
    async (name) => {
      await arrange(name !== "run");
      const before = await rowOf(engine.client, LEASES, "writer");
      const { grant = "operate", plays = [] } = COMMANDS[name] ?? {};
      const tried = await Promise.all([under("observe", plays), under(grant, plays, "other")]);
      for (const { code, stderr } of tried) {
        expect([1, 125]).toContain(code);
        expect(stderr).toContain("ACCESS_DENIED");
      }
      expect(await rowOf(engine.client, LEASES, "writer")).toEqual(before);
    },
  );

  it("doctor tells an operator that it may operate, and not stand", async () => {
    await arrange(true);
    const { code, stdout } = await under("operate-all", ["doctor", "writer"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      'lease "writer": may operate it (step-down, release, tick), and not stand for it',
    );
    expect((await under("campaign", ["doctor", "writer"])).stdout).toContain(
      'lease "writer": may stand for it',
    );
    const observed = await under("observe", ["doctor", "writer"]);
    expect(observed.stdout).toContain('lease "writer": may not stand for it');
  });

  it("is in this list, unless it works on no table that is there", async () => {
    const { stdout } = await runCli({}, "--help");
    const [, commands = ""] = stdout.split(/Commands:|Examples:/);
    const named = [...commands.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name = ""]) => name);
    const listed = new Set(Object.keys(COMMANDS).map((name) => name.split(" ")[0]));
    expect(named.filter((name) => !listed.has(name)).sort()).toEqual(["completion", "cost", "help", "table"]);
    expect(named.length).toBeGreaterThan(10);
  });
});
