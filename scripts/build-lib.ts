/**
 * Bundles the library into few files (docs/adr/0033): `leasehold.js` with the rooms that an election needs, and a small file for each
 * entry point. `tsc` has written the types beside them.
 *
 * `node scripts/build-lib.ts [FOLDER]`: another folder in place of `dist`.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

const repository = fileURLToPath(new URL("..", import.meta.url));
const outdir = resolve(process.argv[2] ?? join(repository, "dist"));

/**
 * The rooms that are one file together: whoever imports one of them needs most of the others. Fencing is a file of its own, since it
 * imports a package of the SDK that an election does not need, and bundlers leave out whole files only for sure.
 */
const SHARED = {
  "leasehold.js": /^lib\/(client|core|diagnostics|dynamodb)\//,
  "fencing.js": /^lib\/fencing\//,
} as const;
type SharedFile = keyof typeof SHARED;
/** Synthesis needs a few constants of them, and should not load the AWS SDK for these: it has copies. */
const ALONE = "lib/cdk/index.ts";

const { exports } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};
const entries = Object.values(exports).flatMap((entry) =>
  typeof entry === "string" ? [] : [entry.default.replace("./dist/", "lib/").replace(/\.js$/, ".ts")],
);
const together = entries.filter((entry) => entry !== ALONE);

const common = {
  absWorkingDir: repository,
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node22.12",
  metafile: true,
} satisfies BuildOptions;

/** What of each shared file the others import. */
const reached: Readonly<Record<SharedFile, Set<string>>> = {
  "leasehold.js": new Set(),
  "fencing.js": new Set(),
};

/** Has the shared files be imported, as they will be in the folder, and not be copied. */
function sharing(...files: readonly SharedFile[]): Plugin {
  return {
    name: "sharing",
    setup(esbuild) {
      esbuild.onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
        const file = relative(repository, resolve(resolveDir, path));
        const shared = files.find((one) => SHARED[one].test(file));
        if (shared === undefined) return undefined;
        reached[shared].add(file);
        // A module of a room becomes part of a file beside the shared ones, and one of an entry's folder of a file in that folder.
        const folder = Object.values(SHARED).some((rooms) => rooms.test(relative(repository, importer)))
          ? "."
          : dirname(relative(join(repository, "lib"), importer));
        const to = relative(folder, shared);
        return { path: to.startsWith(".") ? to : `./${to}`, external: true };
      });
    },
  };
}

/** Builds a shared file: it exports what the others import of it. */
function buildShared(file: SharedFile, ...imported: readonly SharedFile[]) {
  const contents = [...reached[file]]
    .sort()
    .map((module) => `export * from "./${module}";\n`)
    .join("");
  return build({
    ...common,
    stdin: { contents, resolveDir: repository },
    outfile: join(outdir, file),
    plugins: [sharing(...imported)],
  });
}

const outer = await build({
  ...common,
  entryPoints: together,
  outdir,
  outbase: "lib",
  plugins: [sharing("leasehold.js", "fencing.js")],
});
const fencing = await buildShared("fencing.js", "leasehold.js");
const inner = await buildShared("leasehold.js");
const alone = await build({ ...common, entryPoints: [ALONE], outdir, outbase: "lib" });

for (const { metafile } of [inner, fencing, outer, alone])
  for (const [file, { bytes }] of Object.entries(metafile.outputs))
    console.log(`${relative(outdir, resolve(repository, file))}: ${Math.ceil(bytes / 1024)} KB`);
