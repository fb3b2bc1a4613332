/** A value as JSON has it. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: JsonObject;
}

/** A CloudFormation template, as far as this runner reads it. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: Json; readonly Export?: { readonly Name: Json } }>
  >;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: Json }>>;
}

/** One stack of a cloud assembly. */
export interface Stack {
  readonly stackName: string;
  readonly template: Template;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
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

/**
 * Reads a CloudFormation template.
 * @throws {Error} when it has no resources or one of them has no type
 */
export function parseStack(stackName: string, template: unknown): Stack {
  if (!isObject(template) || !isObject(template["Resources"])) {
    throw new Error(`the template of stack ${stackName} has no Resources`);
  }
  for (const [id, resource] of Object.entries(template["Resources"])) {
    if (!isObject(resource) || typeof resource["Type"] !== "string") {
      throw new Error(`the resource ${id} of stack ${stackName} has no Type`);
    }
  }
  return { stackName, template: template as unknown as Template };
}
