import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { invalid, LeaseError } from "../core/errors.ts";
import { checkOptions, type SingleWrite } from "./commands.ts";
import { calledIn } from "./fence-check.ts";
import { bothOf, type Expressions, unusedPlaceholder, withAssignment } from "./expressions.ts";
import { type Reason, reasonsOf } from "./sending.ts";

/** A term's token, to be kept in an attribute of every item that the term writes. */
export interface Mark {
  readonly lease: string;
  readonly shard: string | undefined;
  readonly attribute: string;
  readonly token: number;
}

type TransactElement = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];
type Item = Record<string, AttributeValue>;

/**
 * Makes a write's marked form: applied only to an item without a mark, or with one that is not higher.
 * @throws {LeaseError} INVALID_ARGUMENT for what cannot be marked
 */
export function markedWrite(write: SingleWrite, mark: Mark): SingleWrite {
  checkOptions(write, false);
  switch (write.kind) {
    case "Put":
      return { kind: "Put", input: markedPut(write.input, mark) };
    case "Update":
      return { kind: "Update", input: markedUpdate(write.input, mark) };
    case "Delete":
      return { kind: "Delete", input: guarded(write.input, mark).write };
    default:
      return write satisfies never;
  }
}

/** The same for every write of a transaction. Its condition checks stay as they are. */
export function markedTransaction(input: TransactWriteCommandInput, mark: Mark): TransactWriteCommandInput {
  const TransactItems = input.TransactItems?.map(
    ({ Put, Update, Delete, ...rest }): TransactElement => ({
      ...rest,
      ...(Put && { Put: markedPut(Put, mark) }),
      ...(Update && { Update: markedUpdate(Update, mark) }),
      ...(Delete && { Delete: guarded(Delete, mark).write }),
    }),
  );
  return { ...input, TransactItems };
}

function markedPut<W extends Expressions & { readonly Item: Record<string, unknown> | undefined }>(
  put: W,
  mark: Mark,
): W {
  const { attribute, token } = mark;
  const theirs = put.Item?.[attribute];
  if (theirs !== undefined && theirs !== token) {
    throw invalid(
      `Item sets "${attribute}", which is the fence's: leave it out, or name another highWaterMark`,
    );
  }
  return { ...guarded(put, mark).write, Item: { ...put.Item, [attribute]: token } };
}

function markedUpdate<W extends Expressions>(update: W, mark: Mark): W {
  const { write, name, value } = guarded(update, mark);
  return { ...write, UpdateExpression: withAssignment(update.UpdateExpression, `${name} = ${value}`) };
}

/** Adds the condition, and asks for the item that refuses it, to tell whose condition failed. */
function guarded<W extends Expressions>(write: W, { attribute, token }: Mark) {
  const name = unusedPlaceholder("#leaseholdMark", write);
  const value = unusedPlaceholder(":leaseholdToken", write);
  const condition = `attribute_not_exists(${name}) OR ${name} <= ${value}`;
  const ours = {
    ConditionExpression: bothOf(write.ConditionExpression, condition),
    ExpressionAttributeNames: { ...write.ExpressionAttributeNames, [name]: attribute },
    ExpressionAttributeValues: { ...write.ExpressionAttributeValues, [value]: token },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
  return { write: { ...write, ...ours }, name, value };
}

/** What of the items that refuse a write the caller asked to see. */
export type Asked = readonly boolean[];

/** Which of a write's items, or a transaction's, the caller asked to see when they refuse. */
export function askedIn(input: {
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}): boolean {
  return input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
}

/** The same for the items of a transaction. */
export function askedInEach({ TransactItems = [] }: TransactWriteCommandInput): Asked {
  return TransactItems.map(({ Put, Update, Delete, ConditionCheck }) =>
    askedIn(Put ?? Update ?? Delete ?? ConditionCheck ?? {}),
  );
}

/** Tells what a failure of a marked write means: the fence's refusal, or what the caller would have met without. */
export function explainMarked(error: unknown, retried: number, mark: Mark, asked: boolean): unknown {
  if ((error as Error | null)?.name !== "ConditionalCheckFailedException") return error;
  const refusal = error as { Item?: Item | undefined };
  const explained = explain(error, retried, [refusal.Item], mark);
  if (!asked) refusal.Item = undefined;
  return explained;
}

/** The same for a transaction of marked writes. */
export function explainMarkedTransaction(error: unknown, retried: number, mark: Mark, asked: Asked): unknown {
  const reasons = reasonsOf(error);
  const refused = reasons.map((reason) => (refuses(reason) ? reason.Item : undefined));
  const explained = explain(error, retried, refused, mark);
  for (const [at, reason] of reasons.entries()) if (!asked[at]) delete reason.Item;
  return explained;
}

const refuses = ({ Code }: Reason): boolean => Code === "ConditionalCheckFailed";

function explain(
  error: unknown,
  retried: number,
  refused: readonly (Item | undefined)[],
  mark: Mark,
): unknown {
  const { lease, shard, attribute, token } = mark;
  const marks = refused.map((item) => item?.[attribute]).filter((value) => value !== undefined);
  if (marks.some(({ N }) => N === undefined)) {
    const message = `highWaterMark: an item holds something else than a number in "${attribute}"; name an attribute that nothing else writes`;
    return new LeaseError("INVALID_ARGUMENT", message, { lease, cause: error });
  }
  const winner = Math.max(...marks.map(({ N }) => Number(N)));
  if (!(winner > token)) return error;
  // An earlier attempt of the SDK's own, whose response got lost, may have come before the winner's write.
  const wrote = retried > 0 ? "this attempt wrote nothing, an earlier one may have" : "nothing was written";
  const message = `${calledIn({ name: lease, shard })}: a write with token ${token} was refused, its item bears token ${winner} in "${attribute}"; ${wrote}; stop the leader's work`;
  return new LeaseError("FENCED", message, { lease, cause: error, token: winner });
}
