import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { makeOwnedFolder } from "../../local/harness/processes.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The command line as `npm run build` builds it, which starts in a third of the time that its source takes. */
    readonly cli: string;
  }
}

/** Builds `leasehold` as `npm run build` does, once for all tests, into a folder that is removed at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeOwnedFolder("leasehold-cli-");
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  await promisify(execFile)(process.execPath, ["--no-warnings", "scripts/build-cli.ts", folder.path], {
    cwd,
  });
  project.provide("cli", join(folder.path, "leasehold.js"));
  return async () => {
    await folder[Symbol.asyncDispose]();
  };
}
