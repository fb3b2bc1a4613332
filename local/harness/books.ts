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
  const [invoices, pending, assignments] = await Promise.all([
    readPartition(client, tableName, invoiceKeys.invoice("").pk),
    countPending(client, tableName),
    readPartition(client, tableName, invoiceKeys.assignment("", 0).pk),
  ]);
  return {
    invoices: invoices.map(({ sk, number }) => ({ id: String(sk), number: number as number | undefined })),
    pending,
    assignments: assignments as unknown as Assignment[],
  };
}

/** How many invoices wait for a number, strongly consistent. */
export async function countPending(client: DynamoDBClient, tableName: string): Promise<number> {
  return (await readPartition(client, tableName, invoiceKeys.pending("").pk)).length;
}

async function readPartition(
  client: DynamoDBClient,
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
  const pages = paginateQuery({ client: DynamoDBDocumentClient.from(client) }, query);
  for await (const page of pages) items.push(...(page.Items ?? []));
  return items;
}

/** What is wrong with the numbers in the books. */
export interface NumberingFaults {
  /** Numbers from 1 to the highest ever given that no invoice has. */
  readonly gaps: number;
  /** Times that a number was given again, or that an invoice was given another. */
  readonly duplicates: number;
  /** Everything that is wrong: each entry a sentence. */
  readonly problems: readonly string[];
}

/**
 * Judges whether the invoices have the numbers 1 to N without gap or duplicate, each as its witness says, and
 * whether none is left without.
 */
export function judgeNumbering({ invoices, pending, assignments }: Books): NumberingFaults {
  const problems: string[] = [];
  const numbered = invoices.filter(({ number }) => number !== undefined);
  const unnumbered = invoices.length - numbered.length;
  if (unnumbered > 0) problems.push(`${unnumbered} of ${invoices.length} invoices have no number`);
  if (pending !== unnumbered) problems.push(`${pending} invoices wait for a number, ${unnumbered} have none`);
  if (invoices.length === 0) problems.push("no invoice arrived, so nothing was shown");
  const bearers = Map.groupBy(numbered, ({ number }) => Number(number));
  const given = Map.groupBy(assignments, ({ number }) => number);
  for (const [number, on] of bearers) {
    if (on.length === 1) continue;
    problems.push(`number ${number} is on ${on.length} invoices: ${on.map(({ id }) => id).join(", ")}`);
  }
  const highest = Math.max(0, ...bearers.keys(), ...given.keys());
  const missing = Array.from({ length: highest }, (_, at) => at + 1).filter((number) => !bearers.has(number));
  for (const number of missing) problems.push(`number ${number} of ${highest} is on no invoice`);
  let duplicates = 0;
  for (const [number, [, ...again]] of given) {
    duplicates += again.length;
    for (const { term } of again) {
      problems.push(`number ${number} was given twice, the second time by term ${term}`);
    }
  }
  for (const [id, all] of Map.groupBy(assignments, ({ invoiceId }) => invoiceId)) {
    const numbers = new Set(all.map(({ number }) => number));
    duplicates += numbers.size - 1;
    if (numbers.size > 1) problems.push(`${id} was given the numbers ${[...numbers].join(", ")}`);
  }
  for (const [number, [first]] of bearers) {
    if (given.get(number)?.at(-1)?.invoiceId === first?.id) continue;
    problems.push(`number ${number} has no witness that gave it to ${first?.id}`);
  }
  return { gaps: missing.length, duplicates, problems };
}
