import { LOCAL_AWS } from "../engine.ts";
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type Resource,
  scalar,
  type Stack,
} from "./template.ts";

/** What stands for the account and the region that a template is deployed to. */
const LOCAL_ACCOUNT = { accountId: "000000000000", region: LOCAL_AWS.region, partition: "aws" } as const;

/** Where a value stands: in which stack of which assembly. */
export interface Scope {
  readonly stacks: readonly Stack[];
  readonly stack: Stack;
  /** Ends the names of resources that a template leaves unnamed, as CloudFormation ends them with something random. */
  readonly suffix: string;
}

/** What `Ref` gives where it is not the resource's name. */
const REF_IS_ARN = new Set(["AWS::SNS::Topic", "AWS::SecretsManager::Secret"]);

/** The property that names a resource, the service in its ARN, and what precedes the name there. */
const NAMED: Readonly<Record<string, readonly [property: string, service: string, path?: string]>> = {
  "AWS::DynamoDB::Table": ["TableName", "dynamodb", "table/"],
  "AWS::DynamoDB::GlobalTable": ["TableName", "dynamodb", "table/"],
  "AWS::Lambda::Function": ["FunctionName", "lambda", "function:"],
  "AWS::SQS::Queue": ["QueueName", "sqs"],
  "AWS::IAM::Role": ["RoleName", "iam", "role/"],
  "AWS::Logs::LogGroup": ["LogGroupName", "logs", "log-group:"],
  "AWS::Scheduler::ScheduleGroup": ["Name", "scheduler", "schedule-group/"],
  "AWS::KMS::Key": ["", "kms", "key/"],
  "AWS::SNS::Topic": ["TopicName", "sns"],
  "AWS::SecretsManager::Secret": ["Name", "secretsmanager", "secret:"],
};

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": LOCAL_ACCOUNT.accountId,
  "AWS::Region": LOCAL_ACCOUNT.region,
  "AWS::Partition": LOCAL_ACCOUNT.partition,
  "AWS::URLSuffix": "amazonaws.com",
};

/**
 * Replaces the intrinsic functions in a value by what CloudFormation would compute.
 * @throws {Error} naming the stack and the function, when it is one that is not known here
 */
export function resolve(scope: Scope, value: Json): Json {
  return resolveOrDrop(scope, value) ?? null;
}

/** Resolves a value that must come out as text; `what` names it in the error. */
export function resolveText(scope: Scope, value: Json | undefined, what: string): string {
  const resolved = value === undefined ? undefined : resolve(scope, value);
  return typeof resolved === "string" ? resolved : fail(scope, `${what} must be text`);
}

/** Resolves an object. */
export function resolveObject(scope: Scope, value: JsonObject): JsonObject {
  const resolved: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const result = resolveOrDrop(scope, item);
    if (result !== undefined) resolved[key] = result;
  }
  return resolved;
}

/** The physical name of a resource. */
export function nameOf(scope: Scope, id: string): string {
  const { Type, Properties = {} } = resourceOf(scope, id);
  const given = Properties[NAMED[Type]?.[0] ?? "Name"];
  if (given !== undefined) return resolveText(scope, given, `the name of ${id}`);
  return `${scope.stack.stackName}-${id}-${scope.suffix}`;
}

/** `undefined` stands for `AWS::NoValue`: the property that holds it is dropped. */
function resolveOrDrop(scope: Scope, value: Json): Json | undefined {
  if (isList(value)) {
    return value.map((item) => resolveOrDrop(scope, item)).filter((item) => item !== undefined);
  }
  if (!isObject(value)) return value;
  const [only, ...more] = Object.entries(value);
  if (only !== undefined && more.length === 0 && (only[0] === "Ref" || only[0].startsWith("Fn::"))) {
    return call(scope, only[0], only[1]);
  }
  return resolveObject(scope, value);
}

function call(scope: Scope, name: string, argument: Json): Json | undefined {
  switch (name) {
    case "Ref":
      return reference(scope, scalar(argument));
    case "Fn::GetAtt": {
      const [id, attributeName] =
        typeof argument === "string" ? argument.split(".", 2) : list(scope, name, argument);
      return attribute(scope, scalar(id), scalar(attributeName));
    }
    case "Fn::ImportValue":
      return imported(scope, resolveText(scope, argument, name));
    case "Fn::Join": {
      const [separator, parts] = list(scope, name, argument);
      return list(scope, name, parts).map(scalar).join(scalar(separator));
    }
    case "Fn::Split": {
      const [separator, whole] = list(scope, name, argument);
      return scalar(whole).split(scalar(separator));
    }
    case "Fn::Select": {
      const [index, values] = list(scope, name, argument);
      return (
        list(scope, name, values)[Number(index)] ??
        fail(scope, `Fn::Select finds nothing at ${scalar(index)}`)
      );
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
  const parameter = scope.stack.template.Parameters?.[id];
  if (parameter !== undefined) {
    return parameter.Default ?? fail(scope, `the parameter ${id} has no default and gets no value here`);
  }
  const { Type } = resourceOf(scope, id);
  const name = nameOf(scope, id);
  if (Type === "AWS::SQS::Queue") return `https://sqs.local/${LOCAL_ACCOUNT.accountId}/${name}`;
  return REF_IS_ARN.has(Type) ? attribute(scope, id, "Arn") : name;
}

function attribute(scope: Scope, id: string, name: string): string {
  const { Type } = resourceOf(scope, id);
  const [property, service, path = ""] = NAMED[Type] ?? [];
  if (name === "Arn" && service !== undefined) return arnOf(service, `${path}${nameOf(scope, id)}`);
  if (name === property) return nameOf(scope, id);
  return fail(scope, `the attribute ${name} of ${id} (${Type}) is not known to the local runner`);
}

function imported(scope: Scope, name: string): Json {
  for (const stack of scope.stacks) {
    const source = { ...scope, stack };
    for (const { Export, Value } of Object.values(stack.template.Outputs ?? {})) {
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
    const variable = variables[key];
    if (variable !== undefined) return resolveText(scope, variable, key);
    const dot = key.indexOf(".");
    if (dot > 0) return attribute(scope, key.slice(0, dot), key.slice(dot + 1));
    return resolveText(scope, reference(scope, key), key);
  });
}

function list(scope: Scope, name: string, argument: Json | undefined): readonly Json[] {
  const value = argument === undefined ? undefined : resolve(scope, argument);
  return isList(value) ? value : fail(scope, `${name} needs a list`);
}

function resourceOf(scope: Scope, id: string): Resource {
  return scope.stack.template.Resources[id] ?? fail(scope, `there is no resource ${id} to refer to`);
}

function arnOf(service: string, path: string): string {
  const { partition, region, accountId } = LOCAL_ACCOUNT;
  const suffix = service === "logs" ? ":*" : "";
  return `arn:${partition}:${service}:${service === "iam" ? "" : region}:${accountId}:${path}${suffix}`;
}

function fail(scope: Scope, what: string): never {
  throw new Error(`stack ${scope.stack.stackName}: ${what}`);
}
