import type {
  DeleteCommand,
  DeleteCommandInput,
  PutCommand,
  PutCommandInput,
  TransactWriteCommand,
  TransactWriteCommandInput,
  UpdateCommand,
  UpdateCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { invalid, type LeaseError } from "../core/errors.ts";

/** The commands of lib-dynamodb that can be fenced. */
export type FenceableCommand = PutCommand | UpdateCommand | DeleteCommand | TransactWriteCommand;

/** A write of one item, sorted by kind. */
export type SingleWrite =
  | { readonly kind: "Put"; readonly input: PutCommandInput }
  | { readonly kind: "Update"; readonly input: UpdateCommandInput }
  | { readonly kind: "Delete"; readonly input: DeleteCommandInput };

/** A write that can be fenced, sorted by kind. */
export type FenceableWrite =
  | SingleWrite
  | { readonly kind: "TransactWrite"; readonly input: TransactWriteCommandInput };

/** What tells a document command's kind: which of its members hold values to translate. */
interface Shape {
  readonly Item?: unknown;
  readonly Key?: unknown;
  readonly Expected?: unknown;
  readonly AttributeUpdates?: unknown;
  readonly TransactItems?: { readonly "*"?: { readonly Put?: unknown } };
  readonly RequestItems?: unknown;
}

/**
 * Tells which write a command is, by its make and not its class: an application may hold another copy of the
 * SDK, and a minifier changes the names of classes.
 *
 * @throws {LeaseError} INVALID_ARGUMENT for anything that is not one of the four
 */
export function writeOf(command: FenceableCommand): FenceableWrite {
  const { input, inputKeyNodes: shape } = (command ?? {}) as unknown as {
    readonly input?: unknown;
    readonly inputKeyNodes?: Shape;
  };
  if (shape === undefined || input === undefined) throw unfit("not a command of @aws-sdk/lib-dynamodb");
  if (shape.Item !== undefined) return { kind: "Put", input: input as PutCommandInput };
  if (shape.AttributeUpdates !== undefined) return { kind: "Update", input: input as UpdateCommandInput };
  if (shape.Key !== undefined && shape.Expected !== undefined) {
    return { kind: "Delete", input: input as DeleteCommandInput };
  }
  if (shape.TransactItems?.["*"]?.Put !== undefined) {
    return { kind: "TransactWrite", input: input as TransactWriteCommandInput };
  }
  const batch = shape.RequestItems !== undefined && "a batch, whose writes cannot have conditions";
  throw unfit(batch || "a command that cannot be fenced");
}

function unfit(what: string): LeaseError {
  return invalid(
    `fence takes a PutCommand, UpdateCommand, DeleteCommand or TransactWriteCommand, and this is ${what}`,
  );
}

/** What a write may say inside of a transaction. */
const IN_TRANSACTION = new Set([
  "TableName",
  "Item",
  "Key",
  "UpdateExpression",
  "ConditionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "ReturnValuesOnConditionCheckFailure",
]);

/** What it may say beside: the transaction has these for all of its items. */
const OF_TRANSACTION = new Set(["ReturnConsumedCapacity", "ReturnItemCollectionMetrics"]);

/** Conditions and updates from before there were expressions; DynamoDB takes one kind or the other. */
const LEGACY = new Set(["Expected", "AttributeUpdates", "ConditionalOperator"]);

/**
 * Refuses what a write says that its fenced form cannot.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, and what to do
 */
export function checkOptions({ kind, input }: SingleWrite, inTransaction: boolean): void {
  for (const [option, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (LEGACY.has(option)) {
      throw invalid(`${option} cannot be fenced: say it with ConditionExpression or UpdateExpression`);
    }
    if (!inTransaction || IN_TRANSACTION.has(option) || OF_TRANSACTION.has(option)) continue;
    if (option === "ReturnValues" && value === "NONE") continue;
    throw invalid(
      `${option}: ${JSON.stringify(value)} cannot be had of a transaction, which a fenced ${kind} becomes: ` +
        "leave it out, or fence with the option highWaterMark",
    );
  }
  if (inTransaction && kind === "Update" && input.UpdateExpression === undefined) {
    throw invalid("UpdateExpression is missing: a transaction, which a fenced Update becomes, needs one");
  }
}
