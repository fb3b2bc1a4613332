import { LOCAL_AWS } from "../engine.ts";
import { isList, isObject, type Json, type JsonObject, type Resource, type Stack } from "./template.ts";

/** Where a value stands: in which stack of which assembly. */
export interface Scope {
  readonly stacks: readonly Stack[];
  readonly stack: Stack;
  /** Ends the names of resources that a template leaves unnamed, as CloudFormation ends them with something random. */
  readonly suffix: string;
}

/** What stands for the account that a template is deployed to. */
const ACCOUNT = "000000000000";

/** What stands for the label of a table's stream: when it was turned on. */
const STREAM = "2026-01-01T00:00:00.000";

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Region": LOCAL_AWS.region,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** What `Ref` gives where it is not the resource's name. */
const REF_IS_ARN = new Set(["AWS::SNS::Topic", "AWS::SecretsManager::Secret"]);

/** The property that names a resource, the service in its ARN, and what precedes the name there. */
const NAMED: Readonly<Record<string, readonly [property: string, service: string, path?: string]>> = {
  "AWS::DynamoDB::Table": ["TableName", "dynamodb", "table/"],
  "AWS::DynamoDB::GlobalTable": ["TableName", "dynamodb", "table/"],
  "AWS::Events::EventBus": ["Name", "events", "event-bus/"],
  "AWS::Lambda::Function": ["FunctionName", "lambda", "function:"],
  "AWS::SQS::Queue": ["QueueName", "sqs"],
  "AWS::IAM::Role": ["RoleName", "iam", "role/"],
  "AWS::Logs::LogGroup": ["LogGroupName", "logs", "log-group:"],
  "AWS::Scheduler::ScheduleGroup": ["Name", "scheduler", "schedule-group/"],
  "AWS::KMS::Key": ["", "kms", "key/"],
  "AWS::SNS::Topic": ["TopicName", "sns"],
  "AWS::SecretsManager::Secret": ["Name", "secretsmanager", "secret:"],
};

/**
 * Replaces the intrinsic functions in a value by what CloudFormation would compute.
 * @throws {Error} naming the stack and the function, when it is one that is not known here
 */
export function resolve(scope: Scope, value: Json): Json {
  return resolveOrDrop(scope, value) ?? null;
}

/** Resolves an object. */
export function resolveObject(scope: Scope, value: JsonObject): JsonObject {
  const resolved = Object.entries(value).map(([key, item]) => [key, resolveOrDrop(scope, item)] as const);
  return Object.fromEntries(resolved.flatMap(([key, item]) => (item === undefined ? [] : [[key, item]])));
}

/** The physical name of a resource. */
export function nameOf(scope: Scope, id: string): string {
  const { Type, Properties } = resourceOf(scope, id);
  const given = Properties[NAMED[Type]?.[0] ?? "Name"];
  if (given !== undefined) return text(scope, resolve(scope, given), `the name of ${id}`);
  return `${scope.stack.stackName}-${id}-${scope.suffix}`;
}

/** The ARN of a resource. */
export function arnOf(scope: Scope, id: string): string {
  return attribute(scope, id, "Arn");
}

/** `undefined` stands for `AWS::NoValue`: the property that holds it is dropped. */
function resolveOrDrop(scope: Scope, value: Json): Json | undefined {
  if (isList(value))
    return value.map((item) => resolveOrDrop(scope, item)).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  const [only, ...more] = Object.entries(value);
  const calls = only !== undefined && more.length === 0 && /^(Ref$|Fn::)/.test(only[0]);
  return calls ? call(scope, only[0], only[1]) : resolveObject(scope, value);
}

function call(scope: Scope, name: string, argument: Json): Json | undefined {
  const textOf = (value: Json | undefined): string => text(scope, value, `the argument of ${name}`);
  const listOf = (value: Json | undefined): readonly Json[] => {
    const resolved = value === undefined ? undefined : resolve(scope, value);
    return isList(resolved) ? resolved : fail(scope, `${name} needs a list`);
  };
  switch (name) {
    case "Ref":
      return reference(scope, textOf(argument));
    case "Fn::GetAtt": {
      const [id, key] = typeof argument === "string" ? argument.split(".", 2) : listOf(argument);
      return attribute(scope, textOf(id), textOf(key));
    }
    case "Fn::ImportValue":
      return imported(scope, textOf(resolve(scope, argument)));
    case "Fn::Join": {
      const [separator, parts] = listOf(argument);
      return listOf(parts).map(textOf).join(textOf(separator));
    }
    case "Fn::Split": {
      const [separator, whole] = listOf(argument);
      return textOf(whole).split(textOf(separator));
    }
    case "Fn::Select": {
      const [index, values] = listOf(argument);
      return listOf(values)[Number(index)] ?? fail(scope, `Fn::Select finds nothing at ${textOf(index)}`);
    }
    case "Fn::Sub":
      return substitute(scope, argument);
    default:
      return fail(scope, `${name} is not known to the local runner`);
  }
}

function reference(scope: Scope, id: string): Json | undefined {
  if (id === "AWS::NoValue") return undefined;
  if (id === "AWS::StackName") return scope.stack.stackName;
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return pseudo;
  const parameter = scope.stack.template.Parameters[id];
  if (parameter !== undefined) {
    return parameter.Default ?? fail(scope, `the parameter ${id} has no default and gets no value here`);
  }
  const { Type } = resourceOf(scope, id);
  if (REF_IS_ARN.has(Type)) return arnOf(scope, id);
  const name = nameOf(scope, id);
  return Type === "AWS::SQS::Queue" ? `https://sqs.local/${ACCOUNT}/${name}` : name;
}

function attribute(scope: Scope, id: string, name: string): string {
  const { Type } = resourceOf(scope, id);
  const [property, service, path = ""] = NAMED[Type] ?? [];
  if (name === property) return nameOf(scope, id);
  if (name === "StreamArn") return `${attribute(scope, id, "Arn")}/stream/${STREAM}`;
  if (name !== "Arn" || service === undefined) {
    return fail(scope, `the attribute ${name} of ${id} (${Type}) is not known to the local runner`);
  }
  const region = service === "iam" ? "" : LOCAL_AWS.region;
  const everything = service === "logs" ? ":*" : "";
  return `arn:aws:${service}:${region}:${ACCOUNT}:${path}${nameOf(scope, id)}${everything}`;
}

function imported(scope: Scope, name: string): Json {
  for (const stack of scope.stacks) {
    const source = { ...scope, stack };
    for (const { Export, Value } of Object.values(stack.template.Outputs)) {
      if (Export !== undefined && resolve(source, Export.Name) === name) return resolve(source, Value);
    }
  }
  return fail(scope, `no stack of the assembly exports ${name}`);
}

function substitute(scope: Scope, argument: Json): string {
  const [pattern, given] = isList(argument) ? argument : [argument, {}];
  if (typeof pattern !== "string") return fail(scope, "Fn::Sub needs text");
  const variables = isObject(given) ? given : {};
  return pattern.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, key: string) => {
    if (literal) return `\${${key}}`;
    const [id = key, name] = key.split(/\.(.*)/s);
    const value = variables[key] ?? (name === undefined ? { Ref: id } : { "Fn::GetAtt": [id, name] });
    return text(scope, resolve(scope, value), key);
  });
}

function resourceOf(scope: Scope, id: string): Resource {
  return scope.stack.template.Resources[id] ?? fail(scope, `there is no resource ${id} to refer to`);
}

/** Text, or a number or boolean as text, as templates use them for one another. */
function text(scope: Scope, value: Json | undefined, what: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return `${value}`;
  return fail(scope, `${what} must be text`);
}

function fail(scope: Scope, what: string): never {
  throw new Error(`stack ${scope.stack.stackName}: ${what}`);
}
