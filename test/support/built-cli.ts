import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeOwnedFolder } from "../../local/harness/processes.ts";

/** Builds `leasehold` as `npm run build` does, into a folder that is removed when it is disposed. */
export async function buildCli(): Promise<AsyncDisposable & { readonly program: string }> {
  const folder = await makeOwnedFolder("leasehold-cli-");
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  await promisify(execFile)(process.execPath, ["--no-warnings", "scripts/build-cli.ts", folder.path], {
    cwd,
  });
  return {
    program: join(folder.path, "leasehold.js"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
