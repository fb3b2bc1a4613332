/**
 * Installs the packed package beside the oldest and beside the newest version of every peer that its ranges admit, type checks a
 * program and a stack there, and runs them: `npm run test:peers`. It installs from the registry, so `npm test` does without.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOCAL_AWS, startEngine } from "../../local/engine.ts";

const repo = join(import.meta.dirname, "../..");
const bin = (name: string): string => join(repo, "node_modules/.bin", name);
const manifest = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** Both ends of the ranges: a caret range begins with its own version, and npm takes the newest of it. */
const ENDS = {
  oldest: (range: string): string => range.replace(/^\^/, ""),
  newest: (range: string): string => range,
};

function run(cwd: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Builds and packs the package; returns the tarball. */
function pack(home: string): string {
  const stage = join(home, "stage");
  mkdirSync(stage);
  for (const file of ["package.json", "README.md", "LICENSE"]) cpSync(join(repo, file), join(stage, file));
  run(repo, bin("tsc"), ["-p", "tsconfig.build.json", "--outDir", join(stage, "dist")]);
  run(repo, bin("node"), ["--no-warnings", "scripts/build-lib.ts", join(stage, "dist")]);
  run(repo, bin("node"), ["--no-warnings", "scripts/build-cli.ts", join(stage, "dist/bin")]);
  run(stage, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", home]);
  return join(home, readdirSync(home).find((name) => name.endsWith(".tgz")) ?? "");
}

/** Writes a project that depends on the tarball and on one end of every peer's range, and installs it. */
function install(root: string, tarball: string, end: (range: string) => string): string[] {
  const peers = Object.entries(manifest.peerDependencies).map(([name, range]) => [name, end(range)] as const);
  const typed = ["@types/node", "@types/aws-lambda"].map(
    (name) => [name, manifest.devDependencies[name] ?? "*"] as const,
  );
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
  };
  mkdirSync(root);
  for (const file of ["program.ts", "stack.ts"]) cpSync(join(import.meta.dirname, file), join(root, file));
  writeFileSync(
    join(root, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["program.ts", "stack.ts"] }),
  );
  const dependencies = { ...Object.fromEntries([...peers, ...typed]), leasehold: `file:${tarball}` };
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module", private: true, dependencies }));
  // Without --legacy-peer-deps: that the peers' own ranges agree is part of what is tested.
  run(root, "npm", [
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--no-package-lock",
    "--loglevel=error",
  ]);
  return peers.map(([name]) => {
    const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
    return `${name} ${version}`;
  });
}

function expectText(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${what} printed ${text}, which does not match ${pattern}`);
}

async function check(root: string): Promise<void> {
  run(root, bin("tsc"), ["-p", "."]);
  await using engine = await startEngine();
  const printed = run(root, bin("node"), ["program.ts"], {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: LOCAL_AWS.region,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.credentials.secretAccessKey,
  });
  expectText(
    "program.ts",
    printed,
    /"first":\{"led":true,"token":(\d+)\},"second":\{"led":false,"reason":"tick-done"\},"written":\1/,
  );
  expectText(
    "program.ts",
    printed,
    /"Namespace":"Peers","Dimensions":\[\["service","LeaseName"\]\],"Metrics":\[\{"Name":"TermsBegun"/,
  );
  expectText(
    "stack.ts",
    run(root, bin("node"), ["stack.ts"]),
    /AWS::DynamoDB::GlobalTable.*AWS::Pipes::Pipe.*AWS::Scheduler::Schedule/,
  );
}

const home = mkdtempSync(join(tmpdir(), "leasehold-peers-"));
try {
  const tarball = pack(home);
  for (const [name, end] of Object.entries(ENDS)) {
    const began = performance.now();
    const root = join(home, name);
    console.log(`${name}: ${install(root, tarball, end).join(", ")}`);
    await check(root);
    console.log(`${name}: type checks and runs (${Math.round((performance.now() - began) / 1e3)} s)`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
