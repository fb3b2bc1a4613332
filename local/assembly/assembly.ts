import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject, type JsonObject, parseTemplate, type StackTemplate } from "./template.ts";

/** What `cdk synth` produced: its stacks, and where the files are that they deploy. */
export interface Assembly {
  readonly stacks: readonly StackTemplate[];
  /** The folder or file of an asset, by the object key that a template knows it by. */
  readonly assets: ReadonlyMap<string, string>;
}

/**
 * Reads a cloud assembly.
 * @throws {Error} when the folder holds none, or none with a stack
 */
export async function readAssembly(folder: string): Promise<Assembly> {
  const manifest = await readJson(join(folder, "manifest.json"));
  const stacks: StackTemplate[] = [];
  const assets = new Map<string, string>();
  for (const [id, artifact] of Object.entries(objectIn(manifest, "artifacts"))) {
    if (!isObject(artifact)) continue;
    const properties = objectIn(artifact, "properties");
    if (artifact["type"] === "aws:cloudformation:stack") {
      const name = properties["stackName"];
      const template = await readJson(join(folder, textIn(properties, "templateFile", id)));
      stacks.push(parseTemplate(typeof name === "string" ? name : id, template));
    } else if (artifact["type"] === "cdk:asset-manifest") {
      const file = await readJson(join(folder, textIn(properties, "file", id)));
      for (const [key, path] of assetsIn(file)) assets.set(key, join(folder, path));
    }
  }
  if (stacks.length === 0) throw new Error(`the cloud assembly in ${folder} has no stack at its top level`);
  return { stacks, assets };
}

/** The object keys and paths of an asset manifest. */
function assetsIn(manifest: JsonObject): [key: string, path: string][] {
  const found: [string, string][] = [];
  for (const [id, file] of Object.entries(objectIn(manifest, "files"))) {
    if (!isObject(file)) continue;
    const path = objectIn(file, "source")["path"];
    for (const destination of Object.values(objectIn(file, "destinations"))) {
      const key = isObject(destination) ? destination["objectKey"] : undefined;
      if (typeof key === "string" && typeof path === "string") found.push([key, path]);
      else throw new Error(`the asset ${id} of the cloud assembly has no object key or no path`);
    }
  }
  return found;
}

function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

function textIn(object: JsonObject, key: string, artifact: string): string {
  const value = object[key];
  if (typeof value === "string") return value;
  throw new Error(`the artifact ${artifact} of the cloud assembly has no ${key}`);
}

async function readJson(path: string): Promise<JsonObject> {
  const value: unknown = JSON.parse(await readFile(path, "utf8"));
  if (isObject(value)) return value;
  throw new Error(`${path} holds no JSON object`);
}
