import { readdirSync } from "node:fs";
import { makeOwnedFolder } from "../../local/harness/processes.ts";

/** What the CDK makes for an app without an output folder, and the cache of Node itself. Nothing else may stay. */
const LEFT_BY_TOOLS = /^(cdk\.out|node-compile-cache$)/;

/**
 * Gives a run of tests one folder for everything temporary, which is removed when the run ends, however it ends. A
 * run that left something in it fails: what this project makes, it removes itself.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await makeOwnedFolder("leasehold-tests-");
  process.env["TMPDIR"] = folder.path;
  return async () => {
    const left = readdirSync(folder.path).filter((name) => !LEFT_BY_TOOLS.test(name));
    await folder[Symbol.asyncDispose]();
    if (left.length > 0) throw new Error(`the tests left temporary files behind: ${left.join(", ")}`);
  };
}
