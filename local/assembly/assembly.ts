import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AssetManifestArtifact, CloudAssembly } from "aws-cdk-lib/cx-api";
import { parseStack, type Stack } from "./template.ts";

/** What `cdk synth` produced: its stacks, and where the files are that they deploy. */
export interface Assembly {
  readonly stacks: readonly Stack[];
  /** The folder or file of an asset, by the object key that a template knows it by. */
  readonly assets: ReadonlyMap<string, string>;
}

/**
 * Reads a cloud assembly.
 * @throws {Error} when the folder holds none, or none with a stack
 */
export function readAssembly(folder: string): Assembly {
  const { stacks, artifacts } = new CloudAssembly(folder);
  if (stacks.length === 0) throw new Error(`the cloud assembly in ${folder} has no stack at its top level`);
  const assets = new Map<string, string>();
  for (const artifact of artifacts.filter((one) => one instanceof AssetManifestArtifact)) {
    for (const [id, { source, destinations }] of Object.entries(artifact.contents.files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) {
        if (source.path === undefined) throw new Error(`the asset ${id} of the cloud assembly has no path`);
        assets.set(objectKey, join(folder, source.path));
      }
    }
  }
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  return { stacks: stacks.map((stack) => parseStack(stack.stackName, read(stack.templateFile))), assets };
}
