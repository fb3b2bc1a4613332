import type {
  AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from "@aws-sdk/client-dynamodb";

/** A response as the network hands it over: seen once, and given again. */
export interface Canned {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** What was sent through the SDK, and what came of it. */
export interface Recorded {
  readonly input: UpdateItemCommandInput;
  readonly answer: Canned;
}

const encoder = new TextEncoder();

/** Records the `UpdateItem`s that are sent through a client from now on, until it is told to stop. */
export function recordUpdates(client: DynamoDBClient): { readonly all: Recorded[]; stop(): void } {
  const all: Recorded[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== "UpdateItemCommand") return next(args);
        const input = args.input as UpdateItemCommandInput;
        try {
          const result = await next(args);
          all.push({ input, answer: accepted((result.output as UpdateItemCommandOutput).Attributes) });
          return result;
        } catch (error) {
          all.push({ input, answer: refused((error as ConditionalCheckFailedException).Item) });
          throw error;
        }
      },
    { step: "initialize", name: "recording" },
  );
  return { all, stop: () => void client.middlewareStack.remove("recording") };
}

/** What the service answers to a write that it has done. */
export function accepted(attributes?: Record<string, AttributeValue>): Canned {
  return canned(200, { Attributes: attributes });
}

/** What the service answers to a write whose condition failed. */
export function refused(item?: Record<string, AttributeValue>): Canned {
  const type = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
  return canned(400, { __type: type, Message: "The conditional request failed", Item: item });
}

function canned(statusCode: number, content: object): Canned {
  const body = encoder.encode(JSON.stringify(content));
  const headers = { "content-type": "application/x-amz-json-1.0", "content-length": `${body.length}` };
  return { statusCode, headers, body };
}
