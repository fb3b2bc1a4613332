import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Context } from "aws-lambda";
import { requiredVariable, wholeNumberVariable } from "./environment.ts";
import { numberPendingInvoices } from "./invoicing.ts";
import type { Occurrence } from "./occurrence.ts";

const billing = {
  documents: DynamoDBDocumentClient.from(new DynamoDBClient({})),
  tableName: requiredVariable("INVOICE_TABLE_NAME"),
  renderMs: wholeNumberVariable("INVOICE_RENDER_MS", 40),
};

/**
 * Numbers the pending invoices with **no election and no fence**. It exists to show what then happens: two
 * deliveries of one occurrence give the same numbers twice. `npm start -- --without-election` runs it.
 */
export async function handler(
  event: Occurrence,
  context: Context,
): Promise<{ led: true; numbers: readonly number[] }> {
  const { numbers } = await numberPendingInvoices(billing, {
    term: randomUUID(),
    tick: event.tick,
    executionId: event.executionId,
    requestId: context.awsRequestId,
    fence: (write) => write,
    assertHeld: () => {},
    signal: new AbortController().signal,
  });
  return { led: true, numbers };
}
