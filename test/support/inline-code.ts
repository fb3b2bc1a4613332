import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const room = new URL("../../lib/cdk/", import.meta.url);
const target = new URL("leadership-events-code.ts", room);

/** Compiles the source of the pipe's enrichment to what Lambda runs, and shows the file that holds it. */
export async function inlineCode(): Promise<{ readonly code: string; readonly file: string }> {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'import { leadershipChanges } from "./leadership-events-change.ts";\n' +
        "exports.handler = async (records) => leadershipChanges(records);\n",
      resolveDir: fileURLToPath(room),
    },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node22",
    logLevel: "error",
    logOverride: { "commonjs-variable-in-esm": "silent" },
  });
  const code = (outputFiles[0]?.text ?? "").replaceAll(/^\/\/ .*\n/gm, "").replace(/^"use strict";\n+/, "");
  return { code, file: fileOf(code) };
}

function fileOf(code: string): string {
  const lines = code
    .trimEnd()
    .split("\n")
    .map((line) => line.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${"));
  return [
    "/**",
    " * The code of the pipe's enrichment, compiled from `leadership-events-change.ts`. Do not edit it:",
    " * `UPDATE_INLINE_CODE=1 npx vitest run test/cdk/leadership-events-change.test.ts` writes it anew.",
    " */",
    `export const LEADERSHIP_CHANGES_CODE = \`${lines.join("\n")}\n\`;`,
    "",
  ].join("\n");
}

/** The file as it is kept. */
export function keptFile(): string {
  return readFileSync(target, "utf8");
}

/** Keeps a file. */
export function keepFile(file: string): void {
  writeFileSync(target, file);
}
