import { setTimeout as delay } from "node:timers/promises";
import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";
import { type Assignment, invoiceKeys } from "./invoice-table.ts";

/** Where the invoices are and how long one takes. */
export interface Billing {
  readonly documents: DynamoDBDocumentClient;
  readonly tableName: string;
  /** How long the document of one invoice takes to render, in ms. */
  readonly renderMs: number;
}

/** On whose behalf a run gives numbers. The job does not know how that was decided. */
export interface Mandate extends Pick<Assignment, "term" | "token" | "tick" | "executionId" | "requestId"> {
  /** Makes a write into one that storage refuses when the mandate is over. */
  readonly fence: (write: TransactWriteCommand) => TransactWriteCommand;
  /** Asked right before every write; throws when the mandate is over. */
  readonly assertHeld: () => void;
  /** Aborts when the mandate is over, and before, when the run is told to stop: it then begins nothing more. */
  readonly signal: AbortSignal;
}

/** What a run achieved. */
export interface NumberingResult {
  /** The numbers given, in order; fewer than were pending where the run was told to stop. */
  readonly numbers: readonly number[];
}

/**
 * Gives the pending invoices consecutive numbers, without gap or duplicate **as long as one run at a time has
 * the mandate and storage refuses the others**. On its own it is not safe, on purpose: it reads the counter
 * once, counts on in memory, and no write has a condition but that of the given fence.
 *
 * Why that suffices under election with a fence that checks the token. Say that numbers 1 to `last` are
 * given, each to one invoice, and none beyond.
 *
 * 1. The run reads after its claim raised the token. From that instant the fence refuses every write of
 *    earlier terms, also one that was delayed on its way. So only its own writes change what it has read.
 * 2. A write is one transaction: the number, the end of waiting and the counter change together or not at all.
 *    Whenever the run is killed, between writes or within one, the statement above holds for some `last`.
 * 3. A write without a clear answer ends the run, so it never counts on from a guess; the next term reads anew.
 *    The SDK's own retries carry one client token, so one write is applied once.
 * 4. A frozen run may wake after its term. `assertHeld` stops it in nearly all cases; a write that was already
 *    past that question meets the fence.
 *
 * @throws whatever `assertHeld` throws, and what the fenced write throws: `LeaseError` `FENCED` when storage refused it
 */
export async function numberPendingInvoices(billing: Billing, mandate: Mandate): Promise<NumberingResult> {
  const startedAt = new Date().toISOString();
  const pending = await readPending(billing);
  const numbers: number[] = [];
  let next = (await readLastNumber(billing)) + 1;
  for (const invoiceId of pending) {
    await render(billing.renderMs, mandate.signal);
    mandate.assertHeld();
    // Told to stop while it may still write: this invoice was not rendered, and whoever comes next gives it its number.
    if (mandate.signal.aborted) break;
    await giveNumber(billing, mandate, { number: next, invoiceId, startedAt });
    numbers.push(next);
    next += 1;
  }
  return { numbers };
}

async function readPending({ documents, tableName }: Billing): Promise<string[]> {
  const pages = paginateQuery(
    { client: documents },
    {
      TableName: tableName,
      KeyConditionExpression: "pk = :pending",
      ExpressionAttributeValues: { ":pending": invoiceKeys.pending("").pk },
      ConsistentRead: true,
    },
  );
  const ids: string[] = [];
  for await (const page of pages) ids.push(...(page.Items ?? []).map((item) => String(item["sk"])));
  return ids;
}

async function readLastNumber({ documents, tableName }: Billing): Promise<number> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: tableName, Key: invoiceKeys.counter, ConsistentRead: true }),
  );
  return Number(Item?.["last"] ?? 0);
}

/** Stands for the slow part of the work. Ends early when the run is told to stop: the caller asks about that. */
async function render(renderMs: number, signal: AbortSignal): Promise<void> {
  await delay(renderMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** A write once sent is waited for, also when the mandate ends meanwhile: its outcome is known, not guessed. */
async function giveNumber(
  { documents, tableName }: Billing,
  mandate: Mandate,
  given: Pick<Assignment, "number" | "invoiceId" | "startedAt">,
): Promise<void> {
  const { term, token, tick, executionId, requestId } = mandate;
  const assignedAt = new Date().toISOString();
  const witness: Assignment = { ...given, term, token, tick, executionId, requestId, assignedAt };
  const write = new TransactWriteCommand({
    TransactItems: [
      {
        Update: {
          TableName: tableName,
          Key: invoiceKeys.invoice(given.invoiceId),
          UpdateExpression: "SET #number = :number",
          ExpressionAttributeNames: { "#number": "number" },
          ExpressionAttributeValues: { ":number": given.number },
        },
      },
      { Delete: { TableName: tableName, Key: invoiceKeys.pending(given.invoiceId) } },
      { Put: { TableName: tableName, Item: { ...invoiceKeys.counter, last: given.number } } },
      {
        Put: { TableName: tableName, Item: { ...invoiceKeys.assignment(term, given.number), ...witness } },
      },
    ],
  });
  await documents.send(mandate.fence(write));
}
