import { execFile, execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { LeaseClient } from "leasehold";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliEnvironment } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";

const repo = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8"));

/** The program as `npm run build` makes it, where npm puts a link to it. Beside it there is no package that it could load. */
let home: string;
const engine = engineForTests("leases");

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "leasehold-command-line-"));
  execFileSync(process.execPath, ["--no-warnings", "scripts/build-cli.ts", join(home, "bin")], { cwd: repo });
  symlinkSync(join(home, "bin/leasehold.js"), join(home, "leasehold"));
}, 120_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Has a program of Node say at its end how much CPU it took, in ms. */
const TELLS_CPU = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(`CPU ${(user + system) / 1e3}`); })",
)}`;

/** Runs the program as a shell does: by its first line, on whatever `node` comes first in the path. */
async function run(...args: string[]): Promise<{ readonly stdout: string; readonly cpuMs: number }> {
  const env = cliEnvironment({ endpoint: engine.endpoint, table: "leases" });
  const PATH = `${dirname(process.execPath)}${delimiter}${env["PATH"]}`;
  const { stdout, stderr } = await promisify(execFile)(join(home, "leasehold"), args, {
    env: { ...env, PATH, NODE_OPTIONS: TELLS_CPU },
  });
  return { stdout, cpuMs: Number(/CPU ([\d.]+)/.exec(stderr)?.[1]) };
}

describe("the built command line", () => {
  it("can be executed, and tells its version and its commands", async () => {
    accessSync(join(home, "bin/leasehold.js"), constants.X_OK);
    expect((await run("--version")).stdout).toBe(`${version}\n`);
    expect((await run("--help")).stdout).toMatch(/^Usage: leasehold/);
  });

  it("lists what a table holds, with nothing but Node beside it", async () => {
    await using leases = new LeaseClient({ tableName: "leases", client: engine.client, holder: "me" });
    const lease = await leases.acquire("writer");
    const { stdout } = await run("list", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ name: "writer", holder: lease.holder, token: lease.token }]);
    await lease.release();
  });

  it.each([["--help"], ["list"]])("starts in under half a second of CPU: %s", async (...args) => {
    const took: number[] = [];
    // The best of some: other programs of a test machine slow it down, for a while.
    for (let tries = 0; tries < 12 && !(Math.min(...took) < 500); tries += 1)
      took.push((await run(...args)).cpuMs);
    expect(Math.min(...took)).toBeLessThan(500);
  });

  it("brings the licence of every package that is in it", async () => {
    const { metafile } = await build({
      entryPoints: [join(repo, "bin/leasehold.ts")],
      absWorkingDir: repo,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      mainFields: ["module", "main"],
      outdir: home,
      write: false,
      metafile: true,
    });
    const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
        const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
        return name === undefined || bytesInOutput === 0 ? [] : [name];
      }),
    );
    const packages = [...new Set(used)].sort();
    expect(packages).toEqual(expect.arrayContaining(["commander", "cli-table3", "@aws-sdk/client-dynamodb"]));
    const notices = readFileSync(join(home, "bin/THIRD-PARTY-LICENSES.txt"), "utf8");
    const named = new Set([...notices.matchAll(/^(\S+)@\d[\w.-]* \([\w.-]+\)$/gm)].map(([, name]) => name));
    expect(packages.filter((name) => !named.has(name))).toEqual([]);
    for (const text of ["Apache License", "MIT License", "ISC License"]) expect(notices).toContain(text);
  });
});
