import { DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
// oxlint-disable-next-line import/no-named-as-default -- the types of @middy/core have the default export only
import middy from "@middy/core";
import { fenceCheck, type Lease, LeaseClient, LeaseError } from "../lib/index.ts";
import { type LeaderOnlyContext, leaderOnly } from "../lib/middy/index.ts";
import { requiredVariable, wholeNumberVariable } from "./environment.ts";
import { numberPendingInvoices } from "./invoicing.ts";
import type { Occurrence } from "./occurrence.ts";
import { countMetric, logger, reportLeaseEvents } from "./telemetry.ts";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const leaseTableName = requiredVariable("LEASE_TABLE_NAME");
const leases = new LeaseClient({
  client: documents,
  tableName: leaseTableName,
  durationMs: wholeNumberVariable("LEASE_DURATION_MS", 15_000),
});
const billing = {
  documents,
  tableName: requiredVariable("INVOICE_TABLE_NAME"),
  renderMs: wholeNumberVariable("INVOICE_RENDER_MS", 40),
};
reportLeaseEvents();

/** Numbers the pending invoices if this invocation is the one that leads its occurrence; otherwise does nothing. */
export const handler = middy<Occurrence>()
  .before(({ context }) => logger.addContext(context))
  .use(leaderOnly<Occurrence>({ leases, name: requiredVariable("LEASE_NAME") }))
  .handler(async (event, context: LeaderOnlyContext) => {
    const { lease } = context;
    const { numbers } = await numberPendingInvoices(billing, {
      term: String(lease.token),
      token: lease.token,
      tick: event.tick,
      executionId: event.executionId,
      requestId: context.awsRequestId,
      fence: [fenceCheck({ tableName: leaseTableName, lease })],
      assertHeld: () => lease.assertHeld(),
      signal: lease.signal,
    }).catch((error: unknown) => {
      throw asFenced(error, lease);
    });
    countMetric("InvoicesNumbered", numbers.length);
    return { led: true, token: lease.token, numbers };
  });

/** Recognises storage's refusal of a write of an older term: no element but the fence has a condition. */
function asFenced(error: unknown, lease: Lease): unknown {
  const fenced =
    error instanceof TransactionCanceledException &&
    error.CancellationReasons?.some(({ Code }) => Code === "ConditionalCheckFailed");
  if (!fenced) return error;
  countMetric("StaleWritesRejected", 1);
  return new LeaseError(
    "FENCED",
    `storage refused a write of term ${lease.token} of lease "${lease.name}": a later term has begun; nothing was written`,
    { lease: lease.name, cause: error },
  );
}
