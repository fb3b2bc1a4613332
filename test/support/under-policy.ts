import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type IamRequest, isAllowed, type statementsOfRole } from "./iam.ts";

type Statements = ReturnType<typeof statementsOfRole>;
type Values = Record<string, { readonly S?: string }>;

interface Input {
  readonly Key?: Values;
  readonly ExpressionAttributeValues?: Values;
  readonly TransactItems?: readonly Record<string, { readonly Key?: Values; readonly Item?: Values }>[];
}

/** What a request asks of IAM: an action, and the partition keys that it carries. */
interface Asked {
  readonly action: string;
  readonly keys: readonly string[] | undefined;
}

/**
 * Lets a client send only what the policies allow, as DynamoDB would: anything else is answered with an
 * `AccessDeniedException` and reaches no table. Returns the actions that were really used, as they come.
 */
export function sendUnderPolicy(client: DynamoDBClient, statements: Statements, table: unknown): Set<string> {
  const used = new Set<string>();
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        for (const { action, keys } of askedBy(commandName ?? "", args.input as Input)) {
          const context: IamRequest["context"] = keys && { "dynamodb:LeadingKeys": keys };
          if (!isAllowed(statements, { action, resource: table, context })) throw denied(action, keys);
          used.add(action);
        }
        return next(args);
      },
    { step: "serialize", name: "underPolicy" },
  );
  return used;
}

function askedBy(commandName: string, input: Input): Asked[] {
  const name = commandName.replace(/Command$/, "");
  if (name === "TransactWriteItems") {
    return (input.TransactItems ?? []).flatMap((item) =>
      Object.entries(item).map(([kind, { Key, Item }]) => {
        const action = kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`;
        return { action: `dynamodb:${action}`, keys: keysOf(Key ?? Item) };
      }),
    );
  }
  const keys = name === "Query" ? input.ExpressionAttributeValues?.[":name"]?.S : undefined;
  return [{ action: `dynamodb:${name}`, keys: keys === undefined ? keysOf(input.Key) : [keys] }];
}

function keysOf(key: Values | undefined): string[] | undefined {
  const value = key?.["pk"]?.S;
  return value === undefined ? undefined : [value];
}

function denied(action: string, keys: readonly string[] | undefined): Error {
  const error = new Error(`not authorized to perform ${action} on ${keys?.join() ?? "no key"}`);
  return Object.assign(error, { name: "AccessDeniedException" });
}
