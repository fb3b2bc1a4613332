import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { LOCAL_AWS } from "../../local/engine.ts";
import { answer, type Local, listening, operationOf } from "./aws-server.ts";
import { type IamRequest, isAllowed, type Statement } from "./iam.ts";

/** One thing that a request asked of IAM, and what IAM said. */
export interface Judged extends IamRequest {
  readonly allowed: boolean;
}

/**
 * A way to the engine that lets only what a role may do pass, whoever sends it and by whatever SDK.
 */
export interface Gate extends Local {
  /** What was asked so far, in order. */
  readonly judged: readonly Judged[];
  /** Puts another role's rights in force for the requests to come; `undefined` lets all pass. */
  readonly setRole: (statements: readonly Statement[] | undefined) => void;
}

/**
 * Starts a proxy in front of an engine that answers as DynamoDB does where IAM denies: with an
 * `AccessDeniedException`, and nothing reaches the table. Requests count as those of the role's own
 * account and of the local runner's region.
 */
export async function underPolicy(engine: string, role: readonly Statement[] | undefined): Promise<Gate> {
  const judged: Judged[] = [];
  let statements = role;
  const passes = async (operation: string, body: Buffer): Promise<IamRequest | undefined> => {
    for (const asked of askedBy(operation, JSON.parse(body.toString()) as Input)) {
      const allowed = statements === undefined || (await isAllowed(statements, asked));
      judged.push({ ...asked, allowed });
      if (!allowed) return asked;
    }
    return undefined;
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const denied = await passes(operationOf(incoming), body).catch((error: Error) => error);
    if (denied instanceof Error) {
      answer(response, { status: 500, error: "InternalServerError", message: denied.message });
    } else if (denied !== undefined) {
      const message = `User: test is not authorized to perform: ${denied.action} on resource: ${denied.resource}`;
      answer(response, { status: 400, error: "AccessDeniedException", message });
    } else {
      const { method, headers } = incoming;
      const onward = request(engine, { method, headers: { ...headers, connection: "close" } }, (answered) => {
        response.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.pipe(response);
      });
      onward.on("error", () => incoming.socket.destroy());
      onward.end(body);
    }
  };
  const server = createServer((incoming, response) => void serve(incoming, response));
  const local = await listening(server, []);
  return { ...local, judged, setRole: (next) => void (statements = next) };
}

/**
 * Keeps one request of each kind that a client sends, as what it asks of IAM, and changes nothing about them. Kinds are told
 * apart by the operation, its expressions and their names, which is quick: tests that measure time may be under way.
 */
export function keepKinds(client: DynamoDBClient, kinds: Map<string, readonly IamRequest[]>): void {
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      (args) => {
        const input = args.input as Input;
        const names = Object.values(input.ExpressionAttributeNames ?? {});
        const kind = `${commandName} ${input.UpdateExpression} ${input.ConditionExpression} ${names.join(" ")}`;
        if (!kinds.has(kind)) kinds.set(kind, askedBy(commandName.replace(/Command$/, ""), input));
        return next(args);
      },
    { step: "serialize", name: "keepKinds" },
  );
}

type Values = Readonly<Record<string, { readonly S?: string }>>;

/** As much of a request's body as IAM looks at. */
interface Input {
  readonly TableName?: string;
  readonly Key?: Values;
  readonly Item?: Values;
  readonly ReturnValues?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Values;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly TransactItems?: readonly Readonly<Record<string, Input>>[];
}

/**
 * Operations on one item or the items of one partition, or on all, and those on the table itself.
 */
const ON_ITEMS = new Set(["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"]);
const ON_TABLE = /^Describe(Table|TimeToLive|ContinuousBackups)$/;

/** What a request asks of IAM. One of another kind is an error, so that nothing passes unread. */
export function askedBy(operation: string, input: Input): IamRequest[] {
  if (operation === "TransactWriteItems") {
    return (input.TransactItems ?? []).flatMap((item) =>
      Object.entries(item).map(([kind, part]) => {
        const action = kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`;
        return asks(action, part, { "dynamodb:EnclosingOperation": operation });
      }),
    );
  }
  if (ON_TABLE.test(operation)) return [asks(operation, input)];
  if (!ON_ITEMS.has(operation)) throw new Error(`nobody told the gate what ${operation} asks of IAM`);
  return [asks(operation, input)];
}

function asks(operation: string, input: Input, context: Record<string, string> = {}): IamRequest {
  const { ReturnValues, TableName = "" } = input;
  const attributes = attributesIn(input);
  return {
    action: `dynamodb:${operation}`,
    resource: TableName.startsWith("arn:")
      ? TableName
      : `arn:aws:dynamodb:${LOCAL_AWS.region}:000000000000:table/${TableName}`,
    context: {
      "dynamodb:LeadingKeys": leadingKeysIn(input),
      "dynamodb:Attributes": [...attributes].sort(),
      ...(ReturnValues === undefined ? {} : { "dynamodb:ReturnValues": ReturnValues }),
      ...context,
    },
  };
}

/** The partition key is the first attribute that a key condition compares. */
function leadingKeysIn({ Key, Item, KeyConditionExpression, ...names }: Input): string[] {
  const row = Key ?? Item;
  if (row !== undefined) return [row["pk"]?.S ?? row["id"]?.S].filter((key) => key !== undefined);
  const placeholder = /=\s*(:\w+)/.exec(KeyConditionExpression ?? "")?.[1];
  const value = placeholder === undefined ? undefined : names.ExpressionAttributeValues?.[placeholder]?.S;
  return value === undefined ? [] : [value];
}

const WORDS = new Set(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"]);

/**
 * The attributes that a request names: of its key, and all that its expressions read, compare or
 * write.
 */
function attributesIn(input: Input): Set<string> {
  const { Key, Item, ExpressionAttributeNames: names = {} } = input;
  const expressions = Object.entries(input)
    .filter(([name]) => name.endsWith("Expression"))
    .map(([, value]) => String(value));
  const tokens = [...expressions.join(" ").matchAll(/[#:][\w-]+|[A-Za-z_][\w-]*(?![\w-]*\()/g)];
  const named = tokens
    .map(([token]) => token)
    .filter((token) => !token.startsWith(":") && !WORDS.has(token.toUpperCase()))
    .map((token) => names[token] ?? token);
  return new Set([...Object.keys({ ...Key, ...Item }), ...named]);
}
