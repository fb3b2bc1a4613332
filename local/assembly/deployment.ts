import { z } from "zod";
import type { Assembly } from "./assembly.ts";
import { arnOf, nameOf, resolveObject, type Scope } from "./resolve.ts";
import type { JsonObject } from "./template.ts";

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
  /** What happens to an asynchronous invocation that fails. */
  readonly asynchronous: {
    readonly retries: number;
    readonly maxAgeMs: number;
    /** ARN of the queue for events that were given up; absent when they are dropped. */
    readonly deadLetterArn: string | undefined;
  };
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

/** What is read of a function. The defaults are Lambda's own. */
const functionSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).optional(),
  ReservedConcurrentExecutions: z.coerce.number().optional(),
  DeadLetterConfig: z.object({ TargetArn: z.string() }).optional(),
});

/** What is read of a function's settings for asynchronous invocations. */
const invokeConfigSchema = z.object({
  FunctionName: z.string(),
  MaximumRetryAttempts: z.coerce.number().default(2),
  MaximumEventAgeInSeconds: z.coerce.number().default(21_600),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }).optional() }).optional(),
});

const scheduleSchema = z.object({
  State: z.string().optional(),
  ScheduleExpression: z.string(),
  Target: z.object({ Arn: z.string(), Input: z.string().default("{}") }),
});

/** What is read of a pipe: nothing runs here that it could read from, so its function does not run either. */
const pipeSchema = z.object({ Enrichment: z.string().optional() });

/**
 * Reads tables, functions and schedules from an assembly. Other resources need nothing that runs here.
 * @throws {Error} naming stack and resource, when one holds something that this runner cannot play
 */
export function readDeployment({ stacks, assets }: Assembly, suffix: string): Deployment {
  const declared = stacks.flatMap((stack) => {
    const scope: Scope = { stacks, stack, suffix };
    return Object.entries(stack.template.Resources).map(([id, { Type, Properties }]) => ({
      scope,
      id,
      Type,
      Properties,
    }));
  });
  const ofType = (...types: string[]): Declared[] => declared.filter(({ Type }) => types.includes(Type));

  const ofPipes = new Set(ofType("AWS::Pipes::Pipe").map((one) => read(one, pipeSchema).Enrichment));
  const configs = ofType("AWS::Lambda::EventInvokeConfig").map((one) => read(one, invokeConfigSchema));
  return {
    tables: ofType("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable").map(({ scope, id, Properties }) => ({
      name: nameOf(scope, id),
      properties: resolveObject(scope, Properties),
    })),
    functions: ofType("AWS::Lambda::Function")
      .filter(({ scope, id }) => !ofPipes.has(arnOf(scope, id)))
      .map((one) => readFunction(one, assets, configs)),
    schedules: ofType("AWS::Scheduler::Schedule")
      .filter(({ Properties }) => Properties["State"] !== "DISABLED")
      .map((one) => {
        const { ScheduleExpression, Target } = read(one, scheduleSchema);
        const periodMs = parseRate(ScheduleExpression);
        return { name: nameOf(one.scope, one.id), targetArn: Target.Arn, periodMs, input: Target.Input };
      }),
  };
}

/** One resource and where it stands. */
interface Declared {
  readonly scope: Scope;
  readonly id: string;
  readonly Properties: JsonObject;
}

/** Resolves and reads the properties that a schema names; the others may hold what cannot be resolved here. */
function read<T extends z.ZodObject>({ scope, id, Properties }: Declared, schema: T): z.infer<T> {
  const named = Object.entries(Properties).filter(([key]) => key in schema.shape);
  const parsed = schema.safeParse(resolveObject(scope, Object.fromEntries(named)));
  if (parsed.success) return parsed.data;
  throw new Error(`stack ${scope.stack.stackName}: ${id} cannot be played: ${z.prettifyError(parsed.error)}`);
}

function readFunction(
  declared: Declared,
  assets: Assembly["assets"],
  configs: readonly z.infer<typeof invokeConfigSchema>[],
): FunctionSpec {
  const { scope, id } = declared;
  const name = nameOf(scope, id);
  const own = read(declared, functionSchema);
  const codeFolder = assets.get(own.Code.S3Key);
  if (codeFolder === undefined)
    throw new Error(`function ${id}: the cloud assembly has no asset ${own.Code.S3Key}`);
  const given = configs.find(({ FunctionName }) => FunctionName === name);
  const config = given ?? invokeConfigSchema.parse({ FunctionName: name });
  const onFailure = config.DestinationConfig?.OnFailure?.Destination;
  return {
    name,
    arn: arnOf(scope, id),
    codeFolder,
    handler: own.Handler,
    timeoutMs: own.Timeout * 1_000,
    memoryMb: own.MemorySize,
    variables: own.Environment?.Variables ?? {},
    reservedConcurrency: own.ReservedConcurrentExecutions,
    asynchronous: {
      retries: config.MaximumRetryAttempts,
      maxAgeMs: config.MaximumEventAgeInSeconds * 1_000,
      deadLetterArn: onFailure ?? own.DeadLetterConfig?.TargetArn,
    },
  };
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The period of a rate expression, in ms.
 * @throws {Error} for any other kind of schedule expression
 */
export function parseRate(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (count !== undefined) return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  throw new Error(`the schedule expression ${expression} is not a rate; the local runner plays rates only`);
}
