/**
 * Bundles the command line with all that it needs into `dist/bin`, and the licences of what it bundles beside it. Nothing of it
 * is a dependency of the package then (docs/adr/0027).
 *
 * `node scripts/build-cli.ts [FOLDER]`: another folder in place of `dist/bin`.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const repository = fileURLToPath(new URL("..", import.meta.url));
const outdir = resolve(process.argv[2] ?? join(repository, "dist/bin"));

const { metafile } = await build({
  entryPoints: [join(repository, "bin/leasehold.ts")],
  absWorkingDir: repository,
  outdir,
  bundle: true,
  // What a command imports only when it runs is a file of its own, so that help loads no SDK.
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node22.12",
  // ES modules leave out what nobody imports.
  mainFields: ["module", "main"],
  // Packages of CommonJS inside the bundle ask for `require`; an ES module has none.
  banner: {
    js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
  },
  // Names stay, so that `--debug` shows a stack that can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  metafile: true,
});
chmodSync(join(outdir, "leasehold.js"), 0o755);
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`leasehold.js and its chunks: ${Math.round(bytes / 1024)} KB`);
writeFileSync(join(outdir, "THIRD-PARTY-LICENSES.txt"), noticesOf(packagesIn(metafile)));

/** The folders of the packages that something in the bundle comes from. */
function packagesIn({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => path.includes("node_modules/")),
  );
  return [...new Set(used.map((path) => packageOf(join(repository, path))))].sort();
}

/** The folder of the package that a file belongs to: the nearest manifest that has a version. */
function packageOf(file: string): string {
  const folder = dirname(file);
  try {
    if (manifestOf(folder).version !== undefined) return folder;
  } catch {
    // It is further up.
  }
  return packageOf(folder);
}

function manifestOf(folder: string): { name: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/**
 * Writes what each licence asks for: its text, once for all packages that have the same. A package of Apache-2.0 without a text of its
 * own is under this package's.
 */
function noticesOf(folders: readonly string[]): string {
  const named = new Map<string, string[]>();
  for (const folder of folders) {
    const { name, version, license } = manifestOf(folder);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (files.length === 0 && license !== "Apache-2.0") throw new Error(`${name} has no text of its licence`);
    const texts =
      files.length === 0 ? [join(repository, "LICENSE")] : files.map((file) => join(folder, file));
    const text = texts.map((file) => readFileSync(file, "utf8").trim()).join("\n\n");
    named.set(text, [...(named.get(text) ?? []), `${name}@${version} (${license})`]);
  }
  const notices = [...named].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  const rule = `\n${"-".repeat(80)}\n\n`;
  return ["The command line leasehold.js is bundled with these packages.\n", ...notices].join(rule);
}
