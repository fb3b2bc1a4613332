import { z } from "zod";

/** A value as JSON has it. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

const json: z.ZodType<Json> = z.json();

const resourceSchema = z.object({ Type: z.string(), Properties: z.record(z.string(), json).default({}) });

const templateSchema = z.object({
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z
    .record(z.string(), z.object({ Value: json, Export: z.object({ Name: json }).optional() }))
    .default({}),
  Parameters: z.record(z.string(), z.object({ Default: json.optional() })).default({}),
});

/** One resource of a CloudFormation template. */
export type Resource = z.infer<typeof resourceSchema>;

/** One stack of a cloud assembly: its template, as far as this runner reads it. */
export interface Stack {
  readonly stackName: string;
  readonly template: z.infer<typeof templateSchema>;
}

/**
 * Reads the template of a stack.
 * @throws {Error} when it has no resources or one of them has no type
 */
export function parseStack(stackName: string, template: unknown): Stack {
  const { data, error } = templateSchema.safeParse(template);
  if (data !== undefined) return { stackName, template: data };
  throw new Error(`stack ${stackName} has no Resources as a template has them: ${z.prettifyError(error)}`);
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
