import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A project folder that is gone when its scope ends. */
export interface Project extends Disposable {
  readonly root: string;
}

/** Writes a project of these files, by their paths, with a lock file at its root and an esbuild. */
export function writeProject(files: Readonly<Record<string, string>>): Project {
  const root = mkdtempSync(join(tmpdir(), "leasehold-cdk-"));
  for (const [path, text] of Object.entries({ "package-lock.json": "{}", ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const bin = join(root, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(fileURLToPath(import.meta.resolve("esbuild/bin/esbuild")), join(bin, "esbuild"));
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
