import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");
const bin = (name: string): string => join(repo, "node_modules/.bin", name);

/** The packed package, installed in a folder that has nothing else but what is linked into it. */
let home: string;

/** Lets the folder see one of the repo's own packages, as if it had been installed there. */
function link(...names: string[]): void {
  for (const name of names) {
    const target = join(home, "node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(repo, "node_modules", name), target);
  }
}

/** Runs a module of the folder and returns what it prints. */
function run(source: string): string {
  const file = join(home, "main.mjs");
  writeFileSync(file, source);
  return execFileSync(bin("node"), [file], {
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "leasehold-package-"));
  const out = join(home, "dist");
  const stage = join(home, "stage");
  execFileSync(bin("tsc"), ["-p", "tsconfig.build.json", "--outDir", out], { cwd: repo });
  execFileSync(bin("node"), ["--no-warnings", "scripts/build-lib.ts", out], { cwd: repo });
  execFileSync(bin("node"), ["--no-warnings", "scripts/build-cli.ts", join(out, "bin")], { cwd: repo });
  mkdirSync(stage);
  // With some of what is not to be packed, so that leaving it out is seen to happen.
  for (const file of readdirSync(repo)) {
    if (/^(docs|examples|lib|test|package\.json|LICENSE|.*\.md)$/.test(file)) {
      cpSync(join(repo, file), join(stage, file), { recursive: true });
    }
  }
  cpSync(out, join(stage, "dist"), { recursive: true });
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", home], {
    cwd: stage,
    stdio: "ignore",
  });
  const tarball = readdirSync(home).find((name) => name.endsWith(".tgz")) ?? "";
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "user", type: "module", private: true }));
  const flags = ["--offline", "--legacy-peer-deps", "--no-package-lock", "--no-audit", "--no-fund"];
  execFileSync("npm", ["install", ...flags, join(home, tarball)], { cwd: home, stdio: "ignore" });
  link("@aws-sdk/client-dynamodb", "@aws-sdk/lib-dynamodb", "@aws-sdk/util-dynamodb");
}, 180_000);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe("the packed package", () => {
  it("holds what is built, the licence and the pages, and no source, test or engine", () => {
    const installed = join(home, "node_modules/leasehold");
    const entries = readdirSync(installed).sort();
    expect(entries).toEqual([
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "LICENSE",
      "README.md",
      "dist",
      "docs",
      "examples",
      "package.json",
      "test",
    ]);
    expect(readdirSync(join(installed, "test"))).toEqual(["README.md"]);
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
  });

  it("holds every file that its pages link to", () => {
    const installed = join(home, "node_modules/leasehold");
    const pages = globSync("**/*.md", { cwd: installed });
    expect(pages).toContain("README.md");
    expect(pages.length).toBeGreaterThan(20);
    const links = pages.flatMap((page) => {
      const text = readFileSync(join(installed, page), "utf8");
      return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, to = ""]) => ({ page, to }));
    });
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter(({ page, to }) => !existsSync(join(installed, dirname(page), to)))).toEqual([]);
  });

  it("elects with nothing but the AWS SDK beside it: importing it pulls in neither CDK nor middy", () => {
    const printed = run(`
      import { LeaseClient } from "leasehold";
      import { InMemoryLeaseStore } from "leasehold/testing";
      import { DynamoDBLeaseStore } from "leasehold/dynamodb";
      const leases = new LeaseClient({ store: new InMemoryLeaseStore() });
      const result = await leases.run("job", async (lease) => lease.isHeld());
      console.log(result.kind, result.value, typeof DynamoDBLeaseStore);
    `);
    expect(printed.trim()).toBe("led true function");
  });

  it("can be required from CommonJS", () => {
    const file = join(home, "main.cjs");
    writeFileSync(
      file,
      'console.log(typeof require("leasehold").LeaseClient, typeof require("leasehold/testing").rehearse)',
    );
    expect(execFileSync(bin("node"), [file], { cwd: home, encoding: "utf8" }).trim()).toBe(
      "function function",
    );
  });

  it("gives every subpath of its exports map once the optional peers are there", () => {
    link("@middy/core", "@opentelemetry/api", "aws-cdk-lib", "constructs");
    const manifest = JSON.parse(readFileSync(join(home, "node_modules/leasehold/package.json"), "utf8"));
    const subpaths = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
    const names = subpaths.map((path) => `leasehold${path.slice(1)}`);
    const printed = run(`
      for (const name of ${JSON.stringify(names)}) {
        console.log(name, Object.keys(await import(name)).length > 0);
      }
    `);
    expect(printed.trim().split("\n")).toEqual(names.map((name) => `${name} true`));
    expect(names).toEqual([
      "leasehold",
      "leasehold/middy",
      "leasehold/powertools",
      "leasehold/opentelemetry",
      "leasehold/cdk",
      "leasehold/testing",
      "leasehold/dynamodb",
    ]);
  });

  it("tells a handler's context in a project that has no types of Lambda's", () => {
    // Not linked: from where a link leads, the types of this repository would be found.
    const middy = join(home, "typed/node_modules/@middy/core");
    cpSync(join(repo, "node_modules/@middy/core"), middy, { recursive: true });
    cpSync(join(home, "node_modules/leasehold"), join(home, "typed/node_modules/leasehold"), {
      recursive: true,
    });
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023", "esnext.disposable"],
      module: "nodenext",
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    };
    const write = (file: string, text: string): void => writeFileSync(join(home, "typed", file), text);
    write("package.json", JSON.stringify({ type: "module" }));
    write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["handler.ts"] }));
    write(
      "handler.ts",
      `import middy from "@middy/core";
      import { leaderOnly, type LeaderOnlyContext, type LeadershipOptions } from "leasehold/middy";
      declare const leases: LeadershipOptions["leases"];
      export const handler = middy()
        .use(leaderOnly({ leases, name: "job" }))
        .handler(async (_event: unknown, context: LeaderOnlyContext) => {
          const said: string = context.awsRequestId;
          context.lease.assertHeld();
          // @ts-expect-error -- an error only where the context is not any
          context.nonsense();
          // @ts-expect-error -- as above
          context.lease.nonsense();
          return said;
        });`,
    );
    const checked = spawnSync(bin("tsc"), ["-p", join(home, "typed")], { encoding: "utf8" });
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });

  it("puts the command line where npm's scripts find it, with the licences of what is in it", () => {
    const env = { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };
    const printed = execFileSync(join(home, "node_modules/.bin/leasehold"), ["--version"], {
      env,
      encoding: "utf8",
    });
    const installed = join(home, "node_modules/leasehold");
    expect(printed).toBe(`${JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).version}\n`);
    expect(existsSync(join(installed, "dist/bin/THIRD-PARTY-LICENSES.txt"))).toBe(true);
  });

  it("imports nothing of the command line", async () => {
    const installed = join(home, "node_modules/leasehold");
    expect(existsSync(join(installed, "dist/cli"))).toBe(false);
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const entries = Object.values<{ default?: string }>(exports).flatMap(({ default: file }) => file ?? []);
    expect(entries.length).toBeGreaterThan(4);
    const { build } = await import("esbuild");
    const { metafile } = await build({
      entryPoints: entries.map((file) => join(installed, file)),
      bundle: true,
      write: false,
      metafile: true,
      outdir: home,
      format: "esm",
      platform: "node",
      packages: "external",
    });
    const files = Object.keys(metafile.inputs);
    expect(files.some((file) => file.endsWith("dist/leasehold.js"))).toBe(true);
    expect(files.filter((file) => file.includes("dist/bin"))).toEqual([]);
  });

  // Each file costs a process that bundles nothing up to a millisecond when it starts: docs/adr/0033.
  it("is four files for who elects with middy, and the SDK is loaded by no construct", async () => {
    const { build } = await import("esbuild");
    const loadedBy = async (contents: string) => {
      const { metafile } = await build({
        stdin: { contents, resolveDir: home },
        bundle: true,
        write: false,
        metafile: true,
        format: "esm",
        platform: "node",
        external: ["@aws-sdk/*", "@middy/*", "aws-cdk-lib", "constructs"],
      });
      const files = Object.entries(metafile.inputs).filter(([file]) => file !== "<stdin>");
      return {
        files: files.map(([file]) => file.replace(/^.*leasehold\/dist\//, "")).sort(),
        packages: new Set(
          files.flatMap(([, { imports }]) => imports.flatMap((to) => (to.external ? to.path : []))),
        ),
      };
    };
    const elects = await loadedBy('export * from "leasehold"; export { leaderOnly } from "leasehold/middy";');
    expect(elects.files).toEqual(["fencing.js", "index.js", "leasehold.js", "middy/index.js"]);
    expect(elects.packages).toContain("@aws-sdk/client-dynamodb");
    const constructs = await loadedBy('export * from "leasehold/cdk";');
    expect(constructs.files).toEqual(["cdk/index.js"]);
    expect([...constructs.packages].filter((name) => name.startsWith("@aws-sdk"))).toEqual([]);
  });

  // 25 KB was the bound without elections of long-lived candidates, 73 KB without groups: docs/adr/0013.
  it("adds at most 123 KB to a minified Lambda bundle, beside the SDK and middy", async () => {
    const { build } = await import("esbuild");
    const contents = `
      import { LeaseClient } from "leasehold";
      import { leaderOnly } from "leasehold/middy";
      const leases = new LeaseClient({ tableName: "leases" });
      export const middleware = leaderOnly({ leases, name: "job" });
    `;
    const { metafile } = await build({
      stdin: { contents, resolveDir: home },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node24",
      external: ["@aws-sdk/*", "@middy/*"],
    });
    const [output] = Object.values(metafile.outputs);
    expect(output?.bytes).toBeLessThanOrEqual(123 * 1024);
    // Where the runtime's SDK is used, what is imported is loaded: fencing alone needs document commands.
    expect(new Set(output?.imports.map(({ path }) => path).filter((path) => path.startsWith("@")))).toEqual(
      new Set(["@aws-sdk/client-dynamodb", "@aws-sdk/util-dynamodb"]),
    );
  });
});
