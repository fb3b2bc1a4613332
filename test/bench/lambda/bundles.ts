import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** How a scheduled function is bundled for Lambda: one minified file. The SDK's own packages of CommonJS ask for `require`. */
const LAMBDA = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  banner: {
    js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
  },
} satisfies BuildOptions;

/** The handlers of a scheduled function, as examples/ has them. */
const HANDLERS = {
  withLeadership: `
    import { LeaseClient, withLeadership } from "leasehold";
    const leases = new LeaseClient({ tableName: "leases" });
    export const handler = withLeadership(async () => ({ led: true }), { leases, name: "job" });
  `,
  leaderOnly: `
    import middy from "@middy/core";
    import { LeaseClient } from "leasehold";
    import { leaderOnly } from "leasehold/middy";
    const leases = new LeaseClient({ tableName: "leases" });
    export const handler = middy().use(leaderOnly({ leases, name: "job" })).handler(async () => ({ led: true }));
  `,
} as const;
export type Handler = keyof typeof HANDLERS;

/** What of the SDK the library sends with. */
const SDK = `
  export { DynamoDBClient, GetItemCommand, QueryCommand, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
  export { convertToAttr, marshall, unmarshall } from "@aws-sdk/util-dynamodb";
`;
const OURS = `
  export { LeaseClient, withLeadership } from "leasehold";
  export { leaderOnly } from "leasehold/middy";
`;

/** How many bytes of a handler's bundle come from whom, the most first: rooms of the library, the SDK, others. */
export async function contributorsOf(handler: Handler): Promise<ReadonlyMap<string, number>> {
  const { metafile } = await build({
    ...LAMBDA,
    stdin: { contents: HANDLERS[handler], resolveDir: repository },
    absWorkingDir: repository,
    alias: {
      leasehold: join(repository, "lib/index.ts"),
      "leasehold/middy": join(repository, "lib/middy/index.ts"),
    },
    write: false,
    metafile: true,
  });
  const sums = new Map<string, number>();
  for (const [file, { bytesInOutput }] of Object.entries(inputsOf(metafile))) {
    if (bytesInOutput > 0) sums.set(whoseIs(file), (sums.get(whoseIs(file)) ?? 0) + bytesInOutput);
  }
  return new Map([...sums].sort(([, a], [, b]) => b - a));
}

function inputsOf({ outputs }: Metafile): Metafile["outputs"][string]["inputs"] {
  return Object.values(outputs)[0]?.inputs ?? {};
}

function whoseIs(file: string): string {
  const [, scope] = /.*node_modules\/(@[^/]+|[^/]+)/.exec(file) ?? [];
  if (scope !== undefined)
    return ["@aws-sdk", "@smithy", "@middy"].includes(scope) ? scope : "other packages";
  const [, room] = /(?:^|\/)lib\/(\w+)\//.exec(file) ?? [];
  return room === undefined ? "the handler" : `leasehold: ${room}`;
}

/** Files to import, in a folder. */
export interface Modules {
  /** The SDK in one minified file. */
  readonly bundledSdk: string;
  /** The library in one minified file, which imports the former. */
  readonly bundled: string;
  /** The same without what only groups and semaphores need. */
  readonly bundledWithoutGroups: string;
  /** The SDK as packages. */
  readonly packagedSdk: string;
  /** The library as a package. */
  readonly packaged: string;
  /** A module of nothing: what every import costs. */
  readonly nothing: string;
}

/** Builds the library as it is packed, and what is imported of it, in a folder. */
export async function buildModules(folder: string, signal: AbortSignal): Promise<Modules> {
  const modules = join(folder, "node_modules");
  const dist = join(modules, "leasehold/dist");
  await mkdir(dist, { recursive: true });
  await promisify(execFile)(process.execPath, ["--no-warnings", "scripts/build-lib.ts", dist], {
    cwd: repository,
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  await copyFile(join(repository, "package.json"), join(modules, "leasehold/package.json"));
  for (const name of await readdir(join(repository, "node_modules"))) {
    if (name.startsWith("@")) await symlink(join(repository, "node_modules", name), join(modules, name));
  }
  const at = (name: string): string => join(folder, name);
  await writeFile(at("sdk-package.mjs"), 'import "@aws-sdk/lib-dynamodb";' + SDK);
  await writeFile(at("package.mjs"), OURS);
  await writeFile(at("nothing.mjs"), "export const nothing = 0;");
  await writeFile(at("package.json"), '{"type":"module"}');
  const bundle = (contents: string, outfile: string, plugins: Plugin[]) =>
    build({ ...LAMBDA, stdin: { contents, resolveDir: folder }, outfile: at(outfile), plugins });
  await Promise.all([
    bundle(SDK, "sdk.mjs", []),
    bundle(OURS, "ours.mjs", [besideSdk]),
    bundle(OURS, "ours-without-groups.mjs", [besideSdk, fromSource, withoutGroups]),
  ]);
  return {
    bundledSdk: at("sdk.mjs"),
    bundled: at("ours.mjs"),
    bundledWithoutGroups: at("ours-without-groups.mjs"),
    packagedSdk: at("sdk-package.mjs"),
    packaged: at("package.mjs"),
    nothing: at("nothing.mjs"),
  };
}

/** Has the SDK be a file of its own, so that one process can tell the two apart. */
const besideSdk: Plugin = {
  name: "beside-sdk",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^@aws-sdk\// }, () => ({ path: "./sdk.mjs", external: true }));
  },
};

const fromSource: Plugin = {
  name: "from-source",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^leasehold(\/middy)?$/ }, ({ path }) => ({
      path: join(repository, path === "leasehold" ? "lib/index.ts" : "lib/middy/index.ts"),
      sideEffects: false,
    }));
  },
};

const withoutGroups: Plugin = {
  name: "without-groups",
  setup(esbuild) {
    esbuild.onLoad({ filter: /lib\/client\/(group|semaphore)\.ts$/ }, () => ({
      contents: "export class Group {} export class Semaphore {}",
    }));
  },
};
