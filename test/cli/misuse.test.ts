import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { exitCodeOf, lineOf } from "../../lib/cli/failure.ts";
import { type CommonOptions, Session } from "../../lib/cli/session.ts";
import { VERSION } from "../../lib/cli/version.ts";
import { makeOwnedFolder } from "../../local/harness/processes.ts";
import { replying } from "../support/aws-server.ts";
import { type CliSettings, runCli } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";

const table = "leases";
const arn = "arn:aws:dynamodb:eu-west-1:111111111111:table/leases";
const engine = engineForTests();

beforeAll(() => {
  // Sessions that are opened in this process find nothing of whoever runs the tests.
  for (const name of ["LEASE_TABLE_NAME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
});
afterAll(() => vi.unstubAllEnvs());

/** Runs a command that fails, and gives its exit code and its one line. */
async function failing(settings: CliSettings, ...args: string[]): Promise<readonly [number | null, string]> {
  const { code, stdout, stderr } = await runCli(settings, ...args);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^leasehold: [^\n]+\n$/);
  return [code, stderr.slice("leasehold: ".length, -1)];
}

describe.concurrent("a wrong command line", () => {
  const nowhere = { endpoint: "http://127.0.0.1:1", table };
  it.each<[what: string, args: string[], said: RegExp]>([
    [
      "an unknown command",
      ["gte", "writer"],
      /^unknown command 'gte' \(Did you mean get\?\); see leasehold --help$/,
    ],
    [
      "an unknown option",
      ["list", "--tabel", "x"],
      /^unknown option '--tabel' \(Did you mean --table\?\); see leasehold list --help$/,
    ],
    ["a missing name", ["get"], /^missing required argument 'name'; see leasehold get --help$/],
    [
      "an unknown option of a command's command",
      ["table", "create", "--bad"],
      /^unknown option '--bad'; see leasehold table create --help$/,
    ],
    [
      "a profile that no file has",
      ["list", "--profile", "nope"],
      /^profile "nope" is neither in \S+\/config nor in \S+\/credentials; give another --profile$/,
    ],
    ["an interval without a unit", ["watch", "writer", "--interval", "2"], /^--interval must be .* not "2"$/],
    [
      "a region that the ARN contradicts",
      ["list", "--table", arn, "--region", "us-east-1"],
      /; leave out --region$/,
    ],
    ["a tick that is none", ["tick", "w", "--set", "x"], /^INVALID_ARGUMENT: --set must be an instant/],
  ])("is told of in one line, before anything is sent: %s", async (_, args, said) => {
    expect(await failing(nowhere, ...args)).toEqual([2, expect.stringMatching(said)]);
  });

  it.each<[what: string, options: CommonOptions, said: RegExp]>([
    ["no table", {}, /^no lease table is named; give --table NAME, or set LEASE_TABLE_NAME$/],
    ["a table's name that is none", { table: "le ases" }, /^"le ases" is no table's name; give --table/],
    ["an ARN of something else", { table: "arn:aws:s3:::leases" }, /such as arn:aws:dynamodb/],
    [
      "a region that the ARN contradicts",
      { table: arn, region: "us-east-1" },
      /in eu-west-1; leave out --region$/,
    ],
    [
      "an endpoint without a scheme",
      { table, endpoint: "localhost:8000" },
      /write it as http:\/\/localhost:8000$/,
    ],
    ["an endpoint of another scheme", { table, endpoint: "ftp://x" }, /write it as http:\/\/localhost:8000$/],
    ["an endpoint that is no URL", { table, endpoint: "http://" }, /no http or https URL/],
    ["no region", { table }, /^no AWS region is known; give --region/],
  ])("does not open a session with %s", async (_, options, said) => {
    await using session = new Session(options);
    const error: unknown = await session.leases().catch((reason: unknown) => reason);
    expect([exitCodeOf(error), lineOf(error)]).toEqual([2, expect.stringMatching(said)]);
  });
});

describe("a profile", () => {
  const opened = async (options: CommonOptions): Promise<string> => {
    await using session = new Session({ table, region: "eu-west-1", ...options });
    return session.dynamodb().then(
      () => "opened",
      (error: unknown) => lineOf(error),
    );
  };

  it("may be in the configuration or with the credentials, under any name, and default need not be anywhere", async () => {
    await using folder = await makeOwnedFolder("leasehold-profiles-");
    const [config, credentials] = [join(folder.path, "config"), join(folder.path, "credentials")];
    writeFileSync(config, '# [profile noted]\n[profile plain]\nregion = x\n[ profile "two words" ]\n');
    writeFileSync(credentials, "[keys.only]\naws_access_key_id = a\n");
    vi.stubEnv("AWS_CONFIG_FILE", config);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", credentials);
    for (const profile of ["plain", "two words", "keys.only", "default"])
      expect(await opened({ profile }), profile).toBe("opened");
    for (const profile of ["noted", "plai", "keys", "two"])
      expect(await opened({ profile })).toBe(
        `profile "${profile}" is neither in ${config} nor in ${credentials}; give another --profile`,
      );
    vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", undefined);
  });
});

describe("a command that cannot be done", () => {
  it("shows where the error comes from only when asked to", async () => {
    const settings = { endpoint: engine.endpoint, table: "nowhere" };
    const { code, stderr } = await runCli(settings, "get", "writer", "--debug");
    expect(code).toBe(1);
    expect(stderr.split("\n")[0]).toMatch(/^leasehold: TABLE_NOT_FOUND: .*"nowhere".*--table, --region/);
    expect(stderr).toMatch(/\n +at .*\ncaused by ResourceNotFoundException: /s);
  });

  it("says so in one line and within seconds where nothing answers, access is denied, or credentials are missing", async () => {
    await using refusing = await replying({
      status: 400,
      error: "AccessDeniedException",
      message: "User: arn:aws:iam::111111111111:user/a is not authorized to perform: dynamodb:Scan",
    });
    const from = performance.now();
    const both = { AWS_PROFILE: "nosuch", AWS_CONFIG_FILE: "/dev/null" };
    const [dead, denial, profile] = await Promise.all([
      failing({ table, endpoint: "http://127.0.0.1:1" }, "candidates", "writer"),
      failing({ table, endpoint: refusing.endpoint }, "list"),
      // The SDK writes a paragraph about keys beside a profile to the console, unless it is given a logger.
      failing({ table, endpoint: refusing.endpoint, env: both }, "list"),
    ]);
    expect(profile).toEqual([1, expect.stringMatching(/^CREDENTIALS_UNAVAILABLE: /)]);
    expect(dead).toEqual([
      1,
      expect.stringMatching(/^STORE_UNAVAILABLE: .* at 127\.0\.0\.1:1: no connection; check endpoint/),
    ]);
    expect(denial).toEqual([1, expect.stringMatching(/^ACCESS_DENIED: .*dynamodb:Scan/)]);
    expect(performance.now() - from).toBeLessThan(15_000);
  });
});

describe("leasehold", () => {
  it("tells its version, its help with examples, and that a command is missing", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(VERSION).toBe(version);
    const [told, help, of, none] = await Promise.all([
      runCli({}, "--version"),
      runCli({}, "--help"),
      runCli({}, "watch", "--help"),
      runCli({}),
    ]);
    expect(told).toMatchObject({ code: 0, stdout: `${version}\n` });
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(of.stdout).toMatch(/Global Options:.*--table.*\nExamples:\n {2}leasehold watch/s);
    expect(none).toMatchObject({ code: 2, stdout: "", stderr: help.stdout });
  });
});
