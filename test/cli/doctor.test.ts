import { createServer } from "node:http";
import { DescribeTableCommand, ListTagsOfResourceCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, inject, it } from "vitest";
import { Link } from "../../local/harness/link.ts";
import { listenOnLoopback } from "../../local/harness/ports.ts";
import { replying } from "../support/aws-server.ts";
import { profileFor, runCli } from "../support/cli.ts";
import { REPORT } from "../support/doctor-report.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { granted, LEASES } from "../support/grants.ts";
import { createLeaseTable, createTable, putRow, rowOf } from "../support/lease-tables.ts";
import { underPolicy } from "../support/under-policy.ts";

const engine = engineForTests();

const run = (table: string, ...args: string[]) => runCli({ endpoint: engine.endpoint, table }, ...args);

/** Runs `doctor --json`, and tells the level of each check, and what there is to do. */
async function examined(endpoint: string, table: string, ...args: string[]) {
  const { code, stdout, stderr } = await runCli({ endpoint, table }, "doctor", "--json", ...args);
  expect(stderr).toBe("");
  const report = REPORT.parse(JSON.parse(stdout));
  const of = (check: string, lease: string | null = null) =>
    report.findings.find((one) => one.check === check && one.lease === lease);
  return { code, report, of, level: (check: string, lease?: string) => of(check, lease)?.level };
}

describe.concurrent("leasehold table create and doctor", () => {
  it("makes a table that doctor finds nothing wrong with, and finds it there the next time", async () => {
    const made = await run("made", "table", "create", "--tag", "team=billing");
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^table "made" is there: arn:/) });
    expect(made.stderr).toMatch(/does not have point-in-time recovery: left out/);
    const { Table } = await engine.client.send(new DescribeTableCommand({ TableName: "made" }));
    expect(Table).toMatchObject({ DeletionProtectionEnabled: true, SSEDescription: { SSEType: "KMS" } });
    const { Tags } = await engine.client.send(
      new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn }),
    );
    expect(Tags).toEqual([{ Key: "team", Value: "billing" }]);

    const again = await run("made", "table", "create", "--json");
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({
      kind: "already-there",
      table: "made",
      arn: Table?.TableArn,
      leftOut: [],
      differs: [],
    });
    const { code, report } = await examined(engine.endpoint, "made");
    expect(report.findings.filter(({ level }) => level === "warning" || level === "fault")).toEqual([]);
    expect(code).toBe(0);
  });

  it("leaves a table that differs as it is, and says what differs and how to mend it", async () => {
    await createLeaseTable(engine.client, "plain");
    const { code, stdout, stderr } = await run("plain", "table", "create");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^[^\n]+nothing was changed\n$/),
    });
    expect(stdout).toMatch(
      /warning +ttl +is off[^\n]*\n +fix: aws dynamodb update-time-to-live --table-name plain/,
    );
    const { Table } = await engine.client.send(new DescribeTableCommand({ TableName: "plain" }));
    expect(Table?.DeletionProtectionEnabled).toBe(false);
  });

  it("prints with --dry-run what it would send, and sends nothing", async () => {
    await using nobody = await replying({ status: 500, error: "Broken" });
    const settings = { endpoint: nobody.endpoint, table: "dry" };
    const { code, stdout } = await runCli(settings, "table", "create", "--dry-run", "--json");
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout))).toEqual([
      "CreateTable",
      "UpdateTimeToLive",
      "UpdateContinuousBackups",
    ]);
    expect(nobody.asked).toEqual([]);
  });

  it.for([
    [{ AWS_REGION: "" }, [], "region", /^give --region, or set/],
    [{}, ["--endpoint", "localhost:8000"], "endpoint", /--endpoint/],
    [{ AWS_CONFIG_FILE: "/dev/null" }, ["--profile", "nope"], "credentials", /--profile/],
  ] as const)("says what mends a client that cannot be made (%j %j)", async ([env, args, check, fix]) => {
    const { code, stdout } = await runCli({ table: "leases", env }, "doctor", "--json", ...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ findings: [{ check, fix: expect.stringMatching(fix) }] });
  });

  it("puts up with an engine that lacks something only where the endpoint is named", async () => {
    const env = profileFor(`${inject("cli")}.1`, { dynamodb: engine.endpoint });
    const { code, stderr } = await runCli({ table: "elsewhere", env }, "table", "create");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^leasehold: table elsewhere, which was made without point-in-time recovery[^\n]*\n$/,
    );
  });
});

describe.concurrent("leasehold doctor", () => {
  it("tells faults of the table by its exit code, and warnings only with --strict", async () => {
    await createTable(engine.client, "keyed", "id", undefined);
    const wrong = await examined(engine.endpoint, "keyed");
    expect(wrong.code).toBe(1);
    expect(wrong.of("keys")).toMatchObject({ level: "fault", says: expect.stringContaining("id (S, HASH)") });
    const missing = await examined(engine.endpoint, "nowhere");
    expect({ code: missing.code, level: missing.level("table") }).toEqual({ code: 1, level: "fault" });

    await createLeaseTable(engine.client, "loose");
    const loose = await examined(engine.endpoint, "loose");
    expect(["ttl", "protection", "billing"].map((check) => loose.level(check))).toEqual([
      "warning",
      "warning",
      "ok",
    ]);
    expect(loose.code).toBe(0);
    const people = await run("loose", "doctor", "--strict");
    expect(people.code).toBe(1);
    expect(people.stdout).toMatch(/\nno faults, 2 warnings\n$/);
  });

  it("calls replicas that agree eventually a fault", async () => {
    const table = {
      TableStatus: "ACTIVE",
      Replicas: [{ RegionName: "us-east-1" }],
      MultiRegionConsistency: "EVENTUAL",
    };
    await using service = await replying({ status: 200, body: { Table: table } }, { status: 200, body: {} });
    const { of, level } = await examined(service.endpoint, "global");
    expect(["billing", "keys", "ttl"].map((check) => level(check))).toEqual(["warning", "fault", "warning"]);
    expect(of("replicas")).toMatchObject({ level: "fault", says: expect.stringContaining("us-east-1") });
  });

  it("finds out what a role may do on which lease, and takes what is denied for a finding", async () => {
    await createLeaseTable(engine.client, LEASES);
    const { statements } = granted((table, role) => table.grantCampaign(role, "mine"));
    await using gate = await underPolicy(engine.endpoint, statements());
    const { code, level, of, report } = await examined(gate.endpoint, LEASES, "mine", "theirs");
    const rights = ["GetItem", "UpdateItem", "Query", "ConditionCheckItem", "DeleteItem"];
    expect(rights.map((action) => level(action, "mine"))).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(rights.map((action) => level(action, "theirs"))).toEqual([
      "fault",
      "warning",
      "note",
      "note",
      "ok",
    ]);
    expect(of("UpdateItem", "theirs")?.fix).toBe('LeaseTable.grantCampaign(grantee, "theirs")');
    expect([level("table"), level("Scan"), level("round trip")]).toEqual(["note", "note", "ok"]);
    expect({ code, rows: report.findings.some(({ check }) => check === "rows") }).toEqual({
      code: 1,
      rows: false,
    });
    const unnamed = await examined(gate.endpoint, LEASES);
    expect(unnamed.code).toBe(0);
    expect(unnamed.of("GetItem")).toMatchObject({
      level: "note",
      fix: "name the lease: leasehold doctor NAME",
    });
  });

  it("writes nothing: what could write is refused by its own condition", async () => {
    await createLeaseTable(engine.client, "untouched");
    const row = {
      pk: "held",
      sk: "lease",
      holder: "me",
      token: 5,
      revision: 7,
      writeId: "w",
      transitions: 1,
    };
    await putRow(engine.client, "untouched", row);
    const done: string[] = [];
    const traffic = {
      fateOf: () => ({}),
      onExchange: ({ operation, status }: { readonly operation: string; readonly status: number }) => {
        if (!/^(Describe|GetItem|Query|Scan)/.test(operation)) done.push(`${operation} ${status}`);
      },
    };
    await using link = await Link.open({ engine: engine.endpoint, traffic });
    const { level } = await examined(link.endpoint, "untouched", "held", "new");
    expect([level("DeleteItem", "held"), level("UpdateItem", "new")]).toEqual(["note", "ok"]);
    const refused = ["UpdateItem 400", "TransactWriteItems 400", "DeleteItem 400"];
    expect(done).toEqual([...refused, ...refused]);
    expect(await rowOf(engine.client, "untouched", "held")).toEqual(row);
    expect(await rowOf(engine.client, "untouched", "new")).toBeUndefined();
  });

  it("tells of rows that no client writes, and of what silences or outlives a lease", async () => {
    await createLeaseTable(engine.client, "rows");
    const put = (row: Record<string, unknown>) => putRow(engine.client, "rows", row);
    const lease = { sk: "lease", revision: 1, writeId: "w", transitions: 1 };
    const past = Date.now() - 600_000;
    await put({ ...lease, pk: "edited", token: "seven" });
    await put({ ...lease, pk: "silent; x", token: 5, tick: "2999-01-01T00:00:00.000Z" });
    for (const tick of ["tomorrow", "31 Dec 2025", "2026-01-30T02:00:00.000Z"])
      await put({ ...lease, pk: tick, token: 5, tick });
    await put({ ...lease, pk: "endless", token: 5, holder: "me", expiresAt: 9e16 });
    await put({ ...lease, pk: "unborn", token: 5, acquiredAt: 9e16, renewedAt: -9e16 });
    await put({ ...lease, pk: "ahead", token: Date.now() + 7_200_000 });
    await put({ ...lease, pk: "dead", token: 5, holder: "gone", expiresAt: past });
    await put({
      pk: "dead",
      sk: "candidate#gone",
      holder: "gone",
      expiresAt: past,
      token: 1,
    });
    await put({ pk: "other", sk: "data" });
    const { code, of, report } = await examined(engine.endpoint, "rows");
    expect(code).toBe(1);
    expect(of("malformed", "edited")).toMatchObject({
      level: "fault",
      says: expect.stringContaining("token is a string"),
    });
    expect(of("tick", "silent; x")).toMatchObject({
      level: "warning",
      fix: "leasehold tick 'silent; x' --clear",
    });
    for (const tick of ["tomorrow", "31 Dec 2025"]) {
      expect(of("tick", tick)).toMatchObject({
        level: "warning",
        says: expect.stringContaining(`"${tick}", is no instant`),
        fix: expect.stringMatching(/^leasehold tick .* --clear$/),
      });
    }
    expect(of("tick", "2026-01-30T02:00:00.000Z")).toBeUndefined();
    expect(of("malformed", "endless")).toMatchObject({
      level: "fault",
      says: expect.stringContaining("expiresAt (90000000000000000) is out of the range of dates"),
    });
    expect(of("malformed", "unborn")).toMatchObject({
      level: "warning",
      says: expect.stringMatching(
        /acquiredAt \(9\d*\) and renewedAt \(-9\d*\) are out of the range of dates/,
      ),
    });
    expect(of("token", "ahead")).toMatchObject({ level: "note" });
    expect(of("leader", "dead")).toMatchObject({ level: "note", says: expect.stringContaining('"gone"') });
    await put({ ...lease, pk: "\u001b[2Jodd", token: "seven" });
    expect((await run("rows", "doctor")).stdout).toContain('lease "\\x1b[2Jodd": token is a string');
    const rows = report.findings.filter(({ check }) => check === "rows").map(({ says }) => says);
    expect(rows).toEqual([
      "9 leases, 0 candidates, 1 lapsed candidate that TTL will clear",
      "1 row of no lease: other / data",
    ]);
  });

  it("compares this machine's clock with the service's", async () => {
    await createLeaseTable(engine.client, "clocks");
    const traffic = { fateOf: () => ({ frontEndMs: 90_000 }), onExchange: () => {} };
    await using link = await Link.open({ engine: engine.endpoint, traffic });
    const { code, of } = await examined(link.endpoint, "clocks");
    expect(of("clock")).toMatchObject({
      level: "warning",
      says: expect.stringMatching(/(89|90|91) s behind/),
    });
    expect(code).toBe(0);
  });

  it("says whose the credentials are, and what is missing to send anything", async () => {
    const identity = "arn:aws:sts::111111111111:assumed-role/operator/me";
    const sts = createServer((incoming, response) => {
      incoming.resume();
      const result = `<GetCallerIdentityResult><Arn>${identity}</Arn></GetCallerIdentityResult>`;
      response.end(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</GetCallerIdentityResponse>`,
      );
    });
    const port = await listenOnLoopback(sts);
    const env = profileFor(`${inject("cli")}.2`, {
      dynamodb: engine.endpoint,
      sts: `http://127.0.0.1:${port}`,
    });
    const settings = { table: "nowhere" };
    const told = await runCli({ ...settings, env }, "doctor");
    sts.closeAllConnections();
    sts.close();
    expect(told.stdout).toMatch(/^ok +credentials +from the configuration files, key \.\.\.ocal$/m);
    expect(told.stdout).toContain(identity);
    const without = async (variables: Record<string, string>) =>
      (await runCli({ ...settings, endpoint: engine.endpoint, env: variables }, "doctor", "--json")).stdout;
    const nobody = REPORT.parse(
      JSON.parse(await without({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" })),
    );
    expect(nobody).toMatchObject({ faults: 1, findings: [{ check: "credentials", level: "fault" }, {}, {}] });
    const nowhere = REPORT.parse(JSON.parse(await without({ AWS_REGION: "" })));
    expect(nowhere.findings).toContainEqual(expect.objectContaining({ check: "region", level: "fault" }));
  });
});
