import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");

/** Imports that lint refuses, by the file that has them. One file per room, and the exceptions to a room's rule. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "lib/core/a.ts": ["../client/lease.ts", "node:crypto", "@aws-sdk/client-dynamodb"],
  "lib/core/folder/a.ts": ["../../client/lease.ts", "node:os"],
  "lib/diagnostics/a.ts": ["../client/lease.ts", "node:fs", "@aws-sdk/client-dynamodb"],
  "lib/client/a.ts": [
    "node:diagnostics_channel",
    "../dynamodb/store.ts",
    "../fencing/fenced.ts",
    "node:fs",
    "@aws-sdk/client-dynamodb",
  ],
  "lib/dynamodb/a.ts": ["../fencing/fenced.ts", "../client/lease.ts", "@aws-sdk/client-s3"],
  "lib/dynamodb/lease-client.ts": ["../fencing/fence-guard.ts", "@aws-sdk/client-dynamodb"],
  "lib/fencing/a.ts": ["../client/exchange.ts", "../middy/index.ts", "@aws-sdk/client-s3"],
  "lib/fencing/fence-guard.ts": ["../testing/index.ts", "@aws-sdk/client-dynamodb"],
  "lib/middy/a.ts": [
    "../dynamodb/store.ts",
    "../fencing/fenced.ts",
    "@aws-sdk/client-dynamodb",
    "aws-lambda",
  ],
  "lib/powertools/a.ts": ["../client/lease.ts", "@middy/core"],
  "lib/opentelemetry/a.ts": ["../client/lease.ts", "@opentelemetry/sdk-node"],
  "lib/cdk/a.ts": [
    "../core/timing.ts",
    "../diagnostics/channels.ts",
    "../dynamodb/store.ts",
    "../client/lease.ts",
    "node:fs",
  ],
  "lib/testing/a.ts": ["../client/lease.ts", "../dynamodb/store.ts", "node:fs"],
  "lib/cli/a.ts": ["../fencing/fenced.ts", "../cdk/index.ts", "aws-cdk-lib"],
  "lib/cli/commands/a.ts": ["../../fencing/fenced.ts", "../../cdk/index.ts", "yaml"],
  "lib/cli/cost/a.ts": ["../../fencing/fenced.ts", "../../cdk/index.ts", "yaml"],
  "lib/cli/run/a.ts": ["../../fencing/fenced.ts", "../../cdk/index.ts", "esbuild"],
  "lib/a.ts": ["@aws-sdk/client-dynamodb", "../lambda/telemetry.ts", "./b.ts"],
  "lambda/a.ts": [
    "../lib/cdk/index.ts",
    "../lib/cli/a.ts",
    "../local/engine.ts",
    "aws-cdk-lib",
    "constructs",
  ],
  "bin/a.ts": ["../lambda/telemetry.ts", "../lib/client/lease.ts", "../lib/index.ts", "../local/engine.ts"],
  "bin/stacks/a.ts": ["../../lambda/telemetry.ts", "../../lib/index.ts"],
};

/** Imports that the same rules let pass: they refuse something, not everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "lib/core/b.ts": ["./a.ts", "./folder/a.ts"],
  "lib/core/folder/b.ts": ["./a.ts", "../a.ts", "../other/a.ts"],
  "lib/diagnostics/b.ts": ["./a.ts", "../core/a.ts", "node:diagnostics_channel"],
  "lib/client/b.ts": ["./a.ts", "../core/a.ts", "../core/folder/a.ts", "../diagnostics/a.ts"],
  "lib/dynamodb/b.ts": ["./a.ts", "../core/a.ts", "@aws-sdk/client-dynamodb"],
  "lib/fencing/b.ts": [
    "./a.ts",
    "../core/a.ts",
    "../diagnostics/a.ts",
    "../dynamodb/a.ts",
    "@aws-sdk/lib-dynamodb",
  ],
  "lib/middy/b.ts": ["../core/a.ts", "../client/a.ts", "@middy/core"],
  "lib/powertools/b.ts": ["../core/a.ts", "../diagnostics/a.ts", "@aws-lambda-powertools/metrics"],
  "lib/opentelemetry/b.ts": ["../core/a.ts", "../diagnostics/a.ts", "@opentelemetry/api"],
  "lib/cdk/b.ts": [
    "./a.ts",
    "../diagnostics/catalogue.ts",
    "../dynamodb/schema.ts",
    "../dynamodb/lease-environment.ts",
    "aws-cdk-lib/aws-iam",
    "constructs",
  ],
  "lib/testing/b.ts": ["./a.ts", "../core/a.ts"],
  "lib/cli/b.ts": [
    "../core/a.ts",
    "../client/a.ts",
    "../dynamodb/a.ts",
    "node:util",
    "node:timers/promises",
    "log-update",
  ],
  "lib/cli/commands/b.ts": [
    "../a.ts",
    "../cost/a.ts",
    "../run/a.ts",
    "../doctor/a.ts",
    "../table/a.ts",
    "../../core/a.ts",
    "../../client/a.ts",
    "commander",
  ],
  "lib/c.ts": ["./core/a.ts", "./fencing/a.ts"],
  "lambda/b.ts": ["./a.ts", "../lib/index.ts", "../lib/fencing/a.ts", "@middy/core"],
  "bin/b.ts": ["./stacks/a.ts", "../lib/cdk/index.ts", "../lib/cli/a.ts", "aws-cdk-lib", "node:url"],
};

interface Finding {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const home = mkdtempSync(join(tmpdir(), "leasehold-rooms-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Lints files that exist nowhere else with the project's own rules, and tells which rule met which line. */
function lint(files: Readonly<Record<string, string>>): (rule: string, file: string) => number[] {
  const config = JSON.parse(readFileSync(join(repo, ".oxlintrc.json"), "utf8"));
  // The rules of types would have to resolve what is imported here, and none of it is there.
  writeFileSync(join(home, ".oxlintrc.json"), JSON.stringify({ ...config, options: { typeAware: false } }));
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), source);
  }
  const { stdout } = spawnSync(join(repo, "node_modules/.bin/oxlint"), ["--format", "json"], {
    cwd: home,
    encoding: "utf8",
  });
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Finding[] };
  return (rule, file) =>
    diagnostics
      .filter(({ code, filename }) => code.includes(`(${rule})`) && filename === file)
      .map(({ labels }) => labels[0]?.span.line ?? 0)
      .sort((a, b) => a - b);
}

const importing = (rooms: Readonly<Record<string, readonly string[]>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(rooms).map(([file, modules]) => [
      file,
      modules.map((module, nth) => `export { x as x${nth} } from "${module}";\n`).join(""),
    ]),
  );

const lines = (count: number): string => "  f();\n".repeat(count);
const fn = (count: number): string => `export function long(f: () => void): void {\n${lines(count - 2)}}\n`;

describe("lint", () => {
  const found = lint({
    ...importing(REFUSED),
    ...importing(ALLOWED),
    "lib/core/long.ts": fn(61),
    "lib/core/short.ts": fn(60),
    "lib/core/many.ts": "export {};\n".repeat(301),
    "lib/core/impure.ts": "export const now = (): number => Date.now();\n",
    "lib/client/impure.ts": "export const now = (): number => performance.now();\n",
  });
  const everyLine = (modules: readonly string[]): number[] => modules.map((_, index) => index + 1);

  it.each(Object.entries(REFUSED))("refuses each of these imports in %s", (file, modules) => {
    expect(found("no-restricted-imports", file)).toEqual(everyLine(modules));
  });

  it.each(Object.entries(ALLOWED))("lets these imports pass in %s", (file) => {
    expect(found("no-restricted-imports", file)).toEqual([]);
  });

  it("refuses functions over 60 lines and files over 300", () => {
    expect(found("max-lines-per-function", "lib/core/long.ts")).toHaveLength(1);
    expect(found("max-lines-per-function", "lib/core/short.ts")).toEqual([]);
    expect(found("max-lines", "lib/core/many.ts")).toHaveLength(1);
  });

  it("refuses clocks in the core, and outside of the client's one file for them", () => {
    expect(found("no-restricted-globals", "lib/core/impure.ts")).toEqual([1]);
    expect(found("no-restricted-globals", "lib/client/impure.ts")).toEqual([1]);
  });
});
