import type { Assembly } from "./assembly.ts";
import { nameOf, resolveObject, resolveText, type Scope } from "./resolve.ts";
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
    return Object.entries(stack.template.Resources).map(
      ([id, { Type, Properties = {} }]): Declared => ({ scope, id, type: Type, properties: Properties }),
    );
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
    functions: ofType("AWS::Lambda::Function").map((declared) =>
      readFunction(declared, assets, asynchronous),
    ),
    schedules: ofType("AWS::Scheduler::Schedule")
      .filter(({ properties }) => properties["State"] !== "DISABLED")
      .map(readSchedule),
  };
}

/** One resource and where it stands. */
interface Declared {
  readonly scope: Scope;
  readonly id: string;
  readonly type: string;
  readonly properties: JsonObject;
}

/** What is read of a function. The rest may hold what this runner cannot resolve. */
const READ_OF_FUNCTIONS = new Set([
  "Code",
  "DeadLetterConfig",
  "Environment",
  "Handler",
  "MemorySize",
  "ReservedConcurrentExecutions",
  "Timeout",
]);

function readFunction(
  { scope, id, properties }: Declared,
  assets: Assembly["assets"],
  asynchronous: ReadonlyMap<string, JsonObject>,
): FunctionSpec {
  const name = nameOf(scope, id);
  const own = resolveObject(
    scope,
    Object.fromEntries(Object.entries(properties).filter(([key]) => READ_OF_FUNCTIONS.has(key))),
  );
  const key = textIn(scope, objectIn(own, "Code"), "S3Key", `Code of ${id}`);
  const codeFolder = assets.get(key);
  if (codeFolder === undefined) throw new Error(`function ${id}: the cloud assembly has no asset ${key}`);
  const variables = Object.entries(objectIn(objectIn(own, "Environment"), "Variables"));
  const config = asynchronous.get(name) ?? {};
  const onFailure = objectIn(objectIn(config, "DestinationConfig"), "OnFailure");
  const deadLetter = onFailure["Destination"] ?? objectIn(own, "DeadLetterConfig")["TargetArn"];
  const reserved = own["ReservedConcurrentExecutions"];
  return {
    name,
    arn: resolveText(scope, { "Fn::GetAtt": [id, "Arn"] }, id),
    codeFolder,
    handler: textIn(scope, own, "Handler", id),
    timeoutMs: numberOf(own["Timeout"], DEFAULT_TIMEOUT_SECONDS) * 1_000,
    memoryMb: numberOf(own["MemorySize"], DEFAULT_MEMORY_MB),
    variables: Object.fromEntries(variables.map(([variable, value]) => [variable, scalar(value)])),
    reservedConcurrency: reserved === undefined ? undefined : numberOf(reserved, 0),
    asynchronous: {
      retries: numberOf(config["MaximumRetryAttempts"], DEFAULT_RETRIES),
      maxAgeMs: numberOf(config["MaximumEventAgeInSeconds"], DEFAULT_MAX_AGE_SECONDS) * 1_000,
      deadLetterArn: typeof deadLetter === "string" ? deadLetter : undefined,
    },
  };
}

function readSchedule({ scope, id, properties }: Declared): ScheduleSpec {
  const target = resolveObject(scope, objectIn(properties, "Target"));
  return {
    name: nameOf(scope, id),
    targetArn: textIn(scope, target, "Arn", `Target of ${id}`),
    periodMs: parseRate(textIn(scope, properties, "ScheduleExpression", id)),
    input: resolveText(scope, target["Input"] ?? "{}", `Input of ${id}`),
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

function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

function textIn(scope: Scope, object: JsonObject, key: string, what: string): string {
  return resolveText(scope, object[key], `${key} of ${what}`);
}

function numberOf(value: Json | undefined, fallback: number): number {
  return typeof value === "number" || typeof value === "string" ? Number(value) : fallback;
}
