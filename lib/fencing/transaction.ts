import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { invalid, LeaseError } from "../core/errors.ts";
import { calledIn, type Fencing, fenceCheck, rowOf } from "./fence-check.ts";
import { checkOptions, type FenceableWrite } from "./commands.ts";
import { reasonsOf } from "./sending.ts";
import { recordOf } from "../dynamodb/rows.ts";
import { LEASE_TABLE_SCHEMA } from "../dynamodb/schema.ts";

/** Most items of a DynamoDB transaction. */
const MAX_ITEMS = 100;

/** A term, and where its lease is. */
export interface Term extends Fencing {
  readonly tableName: string;
}

/**
 * Makes the transaction that does a write, or the writes of a transaction, and checks the lease row last, so
 * that the cancellation reasons of the caller's own items keep their places.
 * @throws {LeaseError} INVALID_ARGUMENT for what a transaction cannot do
 */
export function fencedTransaction(write: FenceableWrite, term: Term): TransactWriteCommandInput {
  const { TransactItems = [], ...rest } = transactionOf(write);
  if (TransactItems.length >= MAX_ITEMS) {
    throw invalid(
      `TransactItems has ${TransactItems.length} items and the fence adds one: ${MAX_ITEMS - 1} at most, in this mode`,
    );
  }
  const at = TransactItems.findIndex((item) => touches(item, term));
  if (at >= 0) {
    throw invalid(
      `TransactItems[${at}] is the row of ${calledIn(term)}, which the fence checks, and a transaction takes ` +
        "each item once: leave it out",
    );
  }
  const { ConditionCheck } = fenceCheck({ tableName: term.tableName, lease: term });
  const check = { ...ConditionCheck, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const };
  return { ...rest, TransactItems: [...TransactItems, { ConditionCheck: check }] };
}

function transactionOf(write: FenceableWrite): TransactWriteCommandInput {
  if (write.kind === "TransactWrite") return write.input;
  checkOptions(write, true);
  const { ReturnConsumedCapacity, ReturnItemCollectionMetrics } = write.input;
  return { TransactItems: [elementOf(write)], ReturnConsumedCapacity, ReturnItemCollectionMetrics };
}

type TransactElement = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

function elementOf(write: Exclude<FenceableWrite, { kind: "TransactWrite" }>): TransactElement {
  const {
    ReturnConsumedCapacity: _,
    ReturnItemCollectionMetrics: __,
    ReturnValues: ___,
    ...input
  } = write.input;
  return { [write.kind]: input };
}

function touches({ Put, Update, Delete, ConditionCheck }: TransactElement, term: Term): boolean {
  const write = Put ?? Update ?? Delete ?? ConditionCheck;
  const key = (Put?.Item ?? Update?.Key ?? Delete?.Key ?? ConditionCheck?.Key ?? {}) as Record<
    string,
    unknown
  >;
  const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;
  if (key[partitionKey] !== term.name || key[sortKey] !== (rowOf(term) ?? leaseSortKey)) return false;
  return tableIn(write?.TableName) === tableIn(term.tableName);
}

/** A table may be given by its name or by its ARN, which ends in the name. */
function tableIn(nameOrArn: string | undefined): string | undefined {
  return nameOrArn?.replace(/^arn:.*:table\//, "");
}

/**
 * Tells what a failure of a fenced transaction means: the fence's refusal, or what the caller would have met
 * without. A single write's own condition fails as the SDK says it of single writes.
 */
export function explainTransaction(error: unknown, term: Term, wasSingle: boolean): unknown {
  const reasons = reasonsOf(error);
  const [first, check] = [reasons[0], reasons.at(-1)];
  if (check?.Code === "ConditionalCheckFailed") return refusal(error, term, recordOf(check.Item));
  if (!wasSingle || first?.Code !== "ConditionalCheckFailed") return error;
  const { message: said, $metadata } = error as ConditionalCheckFailedException;
  const message = first.Message ?? said;
  const single = new ConditionalCheckFailedException({ message, $metadata, Item: first.Item });
  return Object.assign(single, { cause: error });
}

function refusal(error: unknown, term: Term, found: ReturnType<typeof recordOf>): unknown {
  const { name, token, holder } = term;
  const now =
    found === undefined
      ? "its row is gone"
      : found.holder === undefined
        ? `its row is vacant, after token ${found.token}`
        : `its row has token ${found.token} of "${found.holder}"`;
  const message = `${calledIn(term)}: a write with token ${token} of "${holder}" was refused, ${now}; nothing was written, stop the leader's work`;
  const winner = found?.token === token ? undefined : found?.token;
  return new LeaseError("FENCED", message, { lease: name, cause: error, token: winner });
}
