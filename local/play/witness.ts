import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateQuery } from "@aws-sdk/lib-dynamodb";
import { type Assignment, invoiceKeys } from "../../lambda/invoice-table.ts";

/** What the invoice table holds. */
export interface Books {
  /** Every invoice ever received, with its number if it has one. */
  readonly invoices: readonly { readonly id: string; readonly number: number | undefined }[];
  /** How many wait for a number. */
  readonly pending: number;
  /** Every number ever given, by whomever. */
  readonly assignments: readonly Assignment[];
}

/** Reads the books, strongly consistent. */
export async function readBooks(client: DynamoDBClient, tableName: string): Promise<Books> {
  const documents = DynamoDBDocumentClient.from(client);
  const [invoices, pending, assignments] = await Promise.all([
    readPartition(documents, tableName, invoiceKeys.invoice("").pk),
    readPartition(documents, tableName, invoiceKeys.pending("").pk),
    readPartition(documents, tableName, invoiceKeys.assignment("", 0).pk),
  ]);
  return {
    invoices: invoices.map((item) => ({ id: String(item["sk"]), number: numberOrNone(item["number"]) })),
    pending: pending.length,
    assignments: assignments.map(asAssignment),
  };
}

async function readPartition(
  documents: DynamoDBDocumentClient,
  tableName: string,
  pk: string,
): Promise<Record<string, unknown>[]> {
  const query = {
    TableName: tableName,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": pk },
    ConsistentRead: true,
  };
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateQuery({ client: documents }, query)) items.push(...(page.Items ?? []));
  return items;
}

function asAssignment(item: Record<string, unknown>): Assignment {
  const text = (name: string): string => String(item[name]);
  return {
    number: Number(item["number"]),
    token: numberOrNone(item["token"]),
    invoiceId: text("invoiceId"),
    term: text("term"),
    tick: text("tick"),
    executionId: text("executionId"),
    requestId: text("requestId"),
    startedAt: text("startedAt"),
    assignedAt: text("assignedAt"),
  };
}

function numberOrNone(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
