import { DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { requiredVariable } from "./environment.ts";
import { invoiceKeys } from "./invoice-table.ts";
import type { Occurrence } from "./occurrence.ts";

const INVOICES_PER_TICK = 6;

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const tableName = requiredVariable("INVOICE_TABLE_NAME");

/**
 * Takes in a few invoices that wait for a number. **It needs no leader**: the ids follow from the occurrence and
 * an invoice is only put where there is none, so any number of deliveries, at once or late, in whatever
 * order, come to the same. Where work can be made so, do that and elect nobody.
 */
export async function handler(event: Occurrence): Promise<{ received: number }> {
  const received = await Promise.all(
    Array.from({ length: INVOICES_PER_TICK }, (_, index) => receive(`${event.tick}-${index + 1}`)),
  );
  return { received: received.filter(Boolean).length };
}

/** Puts an invoice and its wait for a number, unless it was received before: then it may have its number. */
async function receive(id: string): Promise<boolean> {
  const invoice = { ...invoiceKeys.invoice(id), receivedAt: new Date().toISOString() };
  try {
    await documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName: tableName, Item: invoice, ConditionExpression: "attribute_not_exists(pk)" } },
          { Put: { TableName: tableName, Item: invoiceKeys.pending(id) } },
        ],
      }),
    );
    return true;
  } catch (error) {
    if (wasReceivedBefore(error)) return false;
    throw error;
  }
}

/** Only the invoice's own condition means that. A conflict with another delivery is worth a retry. */
function wasReceivedBefore(error: unknown): boolean {
  return (
    error instanceof TransactionCanceledException &&
    error.CancellationReasons?.[0]?.Code === "ConditionalCheckFailed"
  );
}
