import { globSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ILeaseTable } from "../../lib/cdk/index.ts";
import { LeaseClient } from "../../lib/index.ts";
import { engineClient } from "../../local/engine.ts";
import { COMMANDS, PROBES, TO_CREATE } from "../support/commands.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { granted, LEASES } from "../support/grants.ts";
import { isAllowed, type Statement } from "../support/iam.ts";
import { createTable, putRow } from "../support/lease-tables.ts";
import { read, rowsOf } from "../support/pages.ts";
import { type Call, CALLS, publicCalls, type Role } from "../support/requests.ts";
import { type Judged, underPolicy } from "../support/under-policy.ts";

const repo = join(import.meta.dirname, "../..");

vi.setConfig({ maxConcurrency: 8 });

const TIMING = { durationMs: 12_000, renewIntervalMs: 600, retryIntervalMs: 60, requestTimeoutMs: 4_000 };
const PLAYED = Object.entries(CALLS).filter(([, { play }]) => play !== undefined);
const NAMED = ["campaign", "observe", "operate"] as const;
const leaseFor = (role: Role, call: string): string => `${role} ${call}`;
/** A lease for each play, so that they do not meet. */
const NAMES = PLAYED.flatMap(([call]) => NAMED.map((role) => leaseFor(role, call)));

const GRANTS: Readonly<Record<Role, (table: ILeaseTable, to: IGrantable) => unknown>> = {
  campaign: (table, to) => table.grantCampaign(to, ...NAMES),
  observe: (table, to) => table.grantObserve(to, ...NAMES),
  operate: (table, to) => table.grantOperate(to, ...NAMES),
  "observe-all": (table, to) => table.grantObserve(to),
  "operate-all": (table, to) => table.grantOperate(to),
};
const ROLES = Object.keys(GRANTS) as Role[];
const POLICIES = Object.fromEntries(
  ROLES.map((role) => [role, granted(GRANTS[role]).statements()]),
) as unknown as Readonly<Record<Role, Statement[]>>;

const OWN = "own";
const tableArn = (name: string): string => `arn:aws:dynamodb:eu-central-1:000000000000:table/${name}`;
/** What a service may do to its own data, whatever else. */
const OWN_WRITES: Statement = { Effect: "Allow", Action: "dynamodb:PutItem", Resource: tableArn(OWN) };

const engine = engineForTests(LEASES);

beforeAll(() => createTable(engine.client, OWN, "id", undefined));

/** Plays a call under a role's policy, and tells what it asked of the lease table. */
async function playing(
  { play }: Call,
  role: Role,
  name: string,
): Promise<{ readonly error: unknown; readonly judged: readonly Judged[] }> {
  await using gate = await underPolicy(engine.endpoint, [...POLICIES[role], OWN_WRITES]);
  const clients = [gate.endpoint, engine.endpoint].map(engineClient);
  const [client = engineClient(""), direct = client] = clients;
  const leases = new LeaseClient({ tableName: LEASES, client, ...TIMING });
  const admin = new LeaseClient({ tableName: LEASES, client: direct, ...TIMING });
  const ofLeases = () => gate.judged.filter(({ resource }) => resource === tableArn(LEASES));
  const asked = async (action: string): Promise<void> => {
    await expect.poll(() => actionsOf(ofLeases()), { timeout: 10_000, interval: 20 }).toContain(action);
  };
  const put = (row: Readonly<Record<string, unknown>>) => putRow(direct, LEASES, row);
  const ground = { name, tableName: LEASES, ownTable: OWN, client, leases, admin, asked, put };
  const error: unknown = await play?.(ground).then(
    () => undefined,
    (reason: unknown) => reason ?? "no reason",
  );
  await Promise.all([leases.close(), admin.close()]);
  for (const each of clients) each.destroy();
  return { error, judged: ofLeases() };
}

const actionsOf = (judged: readonly Judged[]): string[] => [
  ...new Set(judged.map(({ action }) => action.replace("dynamodb:", ""))),
];
const sorted = (texts: Iterable<string>): string[] => [...texts].sort((a, b) => a.localeCompare(b));

/** IAM cannot confine a `Scan` to names. */
const isList = ({ actions }: Call): boolean => actions.includes("Scan");

/** Whether a call works under a role. What works for named leases works for all. */
function worksUnder(call: Call, role: Role): boolean {
  const [base, all] = role.split("-") as [Role, string | undefined];
  return call.grants.includes(base) || (all !== undefined && isList(call));
}

const plays = (roles: readonly Role[], choose: (call: Call, role: Role) => boolean) =>
  PLAYED.flatMap(([name, call]) =>
    roles.filter((role) => choose(call, role)).map((role) => ({ name, call, role })),
  );
/**
 * A grant without names lets everything pass that one with names does: what is left is what needs
 * none.
 */
const working = plays(
  ROLES,
  (call, role) => worksUnder(call, role) && role.endsWith("-all") === isList(call),
);
/** And what it does not let pass, one with names does not, either. */
const refused = plays(["campaign", "observe-all", "operate-all"], (call, role) => !worksUnder(call, role));

/** What the working calls have sent, by role. */
const sent = new Map<Role, Judged[]>(ROLES.map((role) => [role, []]));

describe("the calls of the package", () => {
  it("are all here, each with the grant that it works under", () => {
    expect(sorted(Object.keys(CALLS))).toEqual(sorted(new Set(publicCalls())));
    expect(PLAYED.length).toBeGreaterThan(25);
  });

  describe.concurrent("under the grant", () => {
    it.each(working)("$role, $name is allowed all that it sends", async ({ name, call, role }) => {
      const { error, judged } = await playing(call, role, leaseFor(role, name));
      expect(error).toBeUndefined();
      expect(judged.filter(({ allowed }) => !allowed)).toEqual([]);
      expect(sorted(actionsOf(judged))).toEqual(sorted(call.actions));
      sent.get(role)?.push(...judged);
    });

    it.each(refused)("$role, $name is denied, and writes nothing", async ({ name, call, role }) => {
      const { error, judged } = await playing(call, role, leaseFor(role, name));
      expect(error).toMatchObject({ code: "ACCESS_DENIED" });
      expect(judged.filter(({ allowed, action }) => allowed && !/Get|Query|Scan/.test(action))).toEqual([]);
    });

    const named = working.filter(({ role }) => !role.endsWith("-all"));
    it.each(named)("$role of other leases, $name is denied", async ({ call, role }) => {
      const { error, judged } = await playing(call, role, "not among the names");
      expect(error).toMatchObject({ code: "ACCESS_DENIED" });
      expect(judged.filter(({ allowed }) => allowed)).toEqual([]);
    });
  });
});

describe("the package", () => {
  it("sends no command of the SDK but those whose actions the calls and commands were seen to take", () => {
    const files = globSync("lib/**/*.ts", { cwd: repo });
    const made = files.flatMap((file) => {
      const commands = [...read(file).matchAll(/new (\w+)Command\(/g)].map(([, command = ""]) => command);
      // A fence makes the application's own writes anew, to the application's own tables.
      return file.startsWith("lib/fencing/")
        ? commands.filter((name) => !/^(Put|Update|Delete)$/.test(name))
        : commands;
    });
    const actions = [...Object.values(CALLS), ...Object.values(COMMANDS)].flatMap(
      ({ actions: taken }) => taken ?? [],
    );
    // A transaction takes the actions of its parts. What is in it beside the check of the lease,
    // the application has put there.
    const known = new Set([...actions, ...PROBES, ...TO_CREATE, "TransactWrite"]);
    expect(made.length).toBeGreaterThan(4);
    expect(made.filter((command) => !known.has(command))).toEqual([]);
  });
});

describe("an operator", () => {
  it("may read the settings of the table under grantOperate, and nobody else may", async () => {
    for (const role of ROLES) {
      await using gate = await underPolicy(engine.endpoint, POLICIES[role]);
      const client = engineClient(gate.endpoint);
      const TableName = LEASES;
      const asks = [
        client.send(new DescribeTableCommand({ TableName })),
        client.send(new DescribeTimeToLiveCommand({ TableName })),
        client.send(new DescribeContinuousBackupsCommand({ TableName })),
      ];
      const answers = await Promise.all(
        asks.map((asked) =>
          asked.then(
            () => "answered",
            ({ name }: Error) => name,
          ),
        ),
      );
      const denied = answers.filter((answer) => answer === "AccessDeniedException");
      expect(denied, role).toHaveLength(role.startsWith("operate") ? 0 : 3);
      client.destroy();
      if (role.startsWith("operate")) sent.get(role)?.push(...gate.judged);
    }
  });

  it("has commands that its grant suffices for", async () => {
    for (const [command, { grant, calls, actions = [] }] of Object.entries(COMMANDS)) {
      for (const name of calls) {
        const call = CALLS[name];
        expect(call && worksUnder(call, grant), `${command} sends what ${name} sends`).toBe(true);
      }
      for (const action of actions) {
        const asked = { action: `dynamodb:${action}`, resource: tableArn(LEASES) };
        expect(await isAllowed(POLICIES[grant], asked), `${command} takes ${action}`).toBe(true);
      }
    }
  });
});

describe("a grant", () => {
  it.each(ROLES)("%s holds no action that nothing uses", (role) => {
    const held = POLICIES[role].flatMap(({ Action }) => Action as string | string[]);
    const [base] = role.split("-") as [Role];
    const used = [...(sent.get(base) ?? []), ...(sent.get(role) ?? [])];
    expect(sorted(new Set(held))).toEqual(sorted(actionsOf(used).map((action) => `dynamodb:${action}`)));
  });

  it("to operate lets exactly those attributes be written that operators' calls write", () => {
    const used = (sent.get("operate") ?? [])
      .filter(({ action }) => action === "dynamodb:UpdateItem")
      .flatMap(({ context }) => context?.["dynamodb:Attributes"] ?? []);
    const [held] = POLICIES.operate.flatMap(({ Condition }) => {
      const attributes = (Condition as Record<string, Record<string, string[]>> | undefined)?.[
        "ForAllValues:StringEquals"
      ]?.["dynamodb:Attributes"];
      return attributes === undefined ? [] : [attributes];
    });
    expect(sorted(held ?? [])).toEqual(sorted(new Set(used)));
  });

  it("lets nobody delete, put or batch, whatever the key", async () => {
    const actions = [
      "DeleteItem",
      "PutItem",
      "BatchGetItem",
      "BatchWriteItem",
      "PartiQLUpdate",
      "DeleteTable",
    ];
    for (const role of ROLES) {
      for (const name of actions) {
        const context = { "dynamodb:LeadingKeys": NAMES.slice(0, 1) };
        const asked = { action: `dynamodb:${name}`, resource: tableArn(LEASES), context };
        expect(await isAllowed(POLICIES[role], asked), `${role}: ${name}`).toBe(false);
      }
    }
  });
});

describe("the guide to permissions", () => {
  const PAGE = "docs/guides/permissions.md";
  const named = (cell = ""): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  const listed = (cell = ""): string[] => sorted(cell.split(/, (?!without)/));
  const rows = rowsOf(PAGE, /^`/);
  const grantsOf = (call: Call): string[] =>
    isList(call) ? ["observe or operate, without names"] : sorted(call.grants);

  it("tells of every call what it takes and which grants allow it", () => {
    const told = rows.flatMap(([calls, actions, grants]) =>
      named(calls).flatMap((name) =>
        name in CALLS ? [[name, listed(actions), listed(grants)] as const] : [],
      ),
    );
    const known = PLAYED.map(([name, call]) => [name, sorted(call.actions), grantsOf(call)] as const);
    const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number =>
      a.localeCompare(b);
    expect([...told].sort(byName)).toEqual([...known].sort(byName));
  });

  it("tells the same of every command", () => {
    const told = rows.flatMap(([command = "", actions, grants]) => {
      const [, name] = /^`leasehold (.+)`$/.exec(command) ?? [];
      return name === undefined ? [] : [[name, listed(actions), grants] as const];
    });
    const known = Object.entries(COMMANDS).map(([name, { grant, calls, actions = [] }]) => {
      const taken = new Set([...calls.flatMap((call) => CALLS[call]?.actions ?? []), ...actions]);
      return [name, sorted(taken), grant.replace("-all", ", without names")] as const;
    });
    expect(told).toEqual(known);
  });
});
