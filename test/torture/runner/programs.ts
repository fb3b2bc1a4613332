import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** The files that participants run. */
export interface Programs {
  readonly candidate: string;
  readonly worker: string;
}

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Bundles what participants run into a folder. They start again and again, and loading the sources and the SDK file by file takes a
 * second of CPU each time; a bundle takes a sixth of that.
 */
export function bundlePrograms(folder: string): Programs {
  buildSync({
    entryPoints: {
      candidate: join(REPOSITORY, "test/torture/candidate/candidate-process.ts"),
      worker: join(REPOSITORY, "test/torture/worker/worker-process.ts"),
    },
    absWorkingDir: REPOSITORY,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    // Packages of CommonJS inside the bundle ask for `require`; an ES module has none.
    banner: {
      js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  return { candidate: join(folder, "candidate.mjs"), worker: join(folder, "worker.mjs") };
}
