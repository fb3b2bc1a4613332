import type { Assembly } from "./assembly.ts";
import { nameOf, resolve, resolveObject, resolveText, type Scope } from "./resolve.ts";
import { isObject, type Json, type JsonObject, scalar } from "./template.ts";

/** A table as the template declares it, resolved. */
export interface TableSpec {
  readonly name: string;
  readonly properties: JsonObject;
}

/** A Lambda function as the template declares it, resolved. */
export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** The folder that holds the bundled code. */
  readonly codeFolder: string;
  /** `file.export`. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly variables: Readonly<Record<string, string>>;
  /** How many invocations may run at once; absent when the template reserves nothing. */
  readonly reservedConcurrency: number | undefined;
  readonly asynchronous: AsynchronousSpec;
}

/** What happens to an asynchronous invocation that fails. */
interface AsynchronousSpec {
  readonly retries: number;
  readonly maxAgeMs: number;
  /** ARN of the queue for events that were given up; absent when they are dropped. */
  readonly deadLetterArn: string | undefined;
}

/** A schedule as the template declares it, resolved. */
export interface ScheduleSpec {
  readonly name: string;
  readonly targetArn: string;
  readonly periodMs: number;
  /** The payload, with `<aws.scheduler.…>` placeholders in it. */
  readonly input: string;
}

/** What an assembly deploys, as far as this runner plays it. */
export interface Deployment {
  readonly tables: readonly TableSpec[];
  readonly functions: readonly FunctionSpec[];
  readonly schedules: readonly ScheduleSpec[];
}

/** Lambda's own defaults, for what a template leaves out. */
const DEFAULT_RETRIES = 2;
const DEFAULT_MAX_AGE_SECONDS = 21_600;
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MB = 128;

/**
 * Reads tables, functions and schedules from an assembly. Other resources need nothing that runs here.
 * @throws {Error} naming stack and resource, when one holds something that this runner cannot play
 */
export function readDeployment({ stacks, assets }: Assembly, suffix: string): Deployment {
  const resources = stacks.flatMap((stack) => {
    const scope: Scope = { stacks, stack, suffix };
    return [...stack.resources].map(([id, { type, properties }]) => ({ scope, id, type, properties }));
  });
  const ofType = (...types: string[]) => resources.filter(({ type }) => types.includes(type));

  const asynchronous = new Map<string, JsonObject>();
  for (const { scope, properties, id } of ofType("AWS::Lambda::EventInvokeConfig")) {
    const name = resolveText(scope, properties["FunctionName"], `FunctionName of ${id}`);
    asynchronous.set(name, resolveObject(scope, properties));
  }
  return {
    tables: ofType("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable").map(({ scope, id, properties }) => ({
      name: nameOf(scope, id),
      properties: resolveObject(scope, properties),
    })),
    functions: ofType("AWS::Lambda::Function").map(({ scope, id, properties }) =>
      readFunction(scope, id, properties, assets, asynchronous),
    ),
    schedules: ofType("AWS::Scheduler::Schedule")
      .filter(({ properties }) => properties["State"] !== "DISABLED")
      .map(({ scope, id, properties }) => readSchedule(scope, id, properties)),
  };
}

function readFunction(
  scope: Scope,
  id: string,
  properties: JsonObject,
  assets: Assembly["assets"],
  asynchronous: ReadonlyMap<string, JsonObject>,
): FunctionSpec {
  const name = nameOf(scope, id);
  const code = property(scope, properties, "Code");
  const key = resolveText(scope, code["S3Key"], `Code.S3Key of ${id}`);
  const codeFolder = assets.get(key);
  if (codeFolder === undefined) throw new Error(`function ${id}: the cloud assembly has no asset ${key}`);
  const variables = Object.entries(property(scope, property(scope, properties, "Environment"), "Variables"));
  const deadLetter = property(scope, properties, "DeadLetterConfig")["TargetArn"];
  return {
    name,
    arn: resolveText(scope, { "Fn::GetAtt": [id, "Arn"] }, id),
    codeFolder,
    handler: resolveText(scope, properties["Handler"], `Handler of ${id}`),
    timeoutMs: numberOf(properties["Timeout"], DEFAULT_TIMEOUT_SECONDS) * 1_000,
    memoryMb: numberOf(properties["MemorySize"], DEFAULT_MEMORY_MB),
    variables: Object.fromEntries(variables.map(([variable, value]) => [variable, scalar(value)])),
    reservedConcurrency:
      properties["ReservedConcurrentExecutions"] === undefined
        ? undefined
        : numberOf(properties["ReservedConcurrentExecutions"], 0),
    asynchronous: readAsynchronous(asynchronous.get(name) ?? {}, deadLetter),
  };
}

function readAsynchronous(config: JsonObject, deadLetter: Json | undefined): AsynchronousSpec {
  const destinations = config["DestinationConfig"];
  const onFailure = isObject(destinations) ? destinations["OnFailure"] : undefined;
  const destination = isObject(onFailure) ? onFailure["Destination"] : deadLetter;
  return {
    retries: numberOf(config["MaximumRetryAttempts"], DEFAULT_RETRIES),
    maxAgeMs: numberOf(config["MaximumEventAgeInSeconds"], DEFAULT_MAX_AGE_SECONDS) * 1_000,
    deadLetterArn: typeof destination === "string" ? destination : undefined,
  };
}

function readSchedule(scope: Scope, id: string, properties: JsonObject): ScheduleSpec {
  const target = property(scope, properties, "Target");
  const expression = resolveText(scope, properties["ScheduleExpression"], `ScheduleExpression of ${id}`);
  return {
    name: nameOf(scope, id),
    targetArn: resolveText(scope, target["Arn"], `Target.Arn of ${id}`),
    periodMs: parseRate(expression),
    input: resolveText(scope, target["Input"] ?? "{}", `Target.Input of ${id}`),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The period of a rate expression, in ms.
 * @throws {Error} for any other kind of schedule expression
 */
export function parseRate(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs;
  throw new Error(`the schedule expression ${expression} is not a rate; the local runner plays rates only`);
}

function property(scope: Scope, properties: JsonObject, name: string): JsonObject {
  const value = properties[name];
  const resolved = value === undefined ? undefined : resolve(scope, value);
  return isObject(resolved) ? resolved : {};
}

function numberOf(value: Json | undefined, fallback: number): number {
  return typeof value === "number" || typeof value === "string" ? Number(value) : fallback;
}
