/** A value as JSON has it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One resource of a CloudFormation template. */
export interface Resource {
  readonly type: string;
  readonly properties: JsonObject;
}

/** One stack of a cloud assembly: what this runner reads of its template. */
export interface StackTemplate {
  readonly stackName: string;
  readonly resources: ReadonlyMap<string, Resource>;
  /** The values of `Outputs` that are exported, with their export names, both unresolved. */
  readonly exports: readonly { readonly name: Json; readonly value: Json }[];
  /** The parameters' defaults; a parameter without one is there with `undefined`. */
  readonly parameters: ReadonlyMap<string, Json | undefined>;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A text, number or boolean as text, as templates use them for one another.
 * @throws {Error} for a list, an object, or nothing
 */
export function scalar(value: Json | undefined): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw new Error(`the template has ${JSON.stringify(value)} where a single value belongs`);
}

/** Whether a value is a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * Reads a CloudFormation template.
 * @throws {Error} when it has no resources or one of them has no type
 */
export function parseTemplate(stackName: string, template: unknown): StackTemplate {
  if (!isObject(template) || !isObject(template["Resources"])) {
    throw new Error(`the template of stack ${stackName} has no Resources`);
  }
  const resources = new Map<string, Resource>();
  for (const [id, resource] of Object.entries(template["Resources"])) {
    if (!isObject(resource) || typeof resource["Type"] !== "string") {
      throw new Error(`the resource ${id} of stack ${stackName} has no Type`);
    }
    const properties = resource["Properties"];
    resources.set(id, { type: resource["Type"], properties: isObject(properties) ? properties : {} });
  }
  const exports: { name: Json; value: Json }[] = [];
  for (const output of Object.values(objectOf(template["Outputs"]))) {
    if (!isObject(output) || !isObject(output["Export"])) continue;
    exports.push({ name: output["Export"]["Name"] ?? null, value: output["Value"] ?? null });
  }
  const parameters = new Map<string, Json | undefined>();
  for (const [id, parameter] of Object.entries(objectOf(template["Parameters"]))) {
    parameters.set(id, isObject(parameter) ? parameter["Default"] : undefined);
  }
  return { stackName, resources, exports, parameters };
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
