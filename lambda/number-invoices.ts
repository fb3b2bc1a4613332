import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
// oxlint-disable-next-line import/no-named-as-default -- the types of @middy/core have the default export only
import middy from "@middy/core";
import { fenced, LeaseClient, leaseEnvironment } from "../lib/index.ts";
import { type LeaderOnlyContext, leaderOnly } from "../lib/middy/index.ts";
import { requiredVariable, wholeNumberVariable } from "./environment.ts";
import { numberPendingInvoices } from "./invoicing.ts";
import type { Occurrence } from "./occurrence.ts";
import { countMetric, logger } from "./telemetry.ts";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const { name, ...election } = leaseEnvironment();
const leases = new LeaseClient({ ...election, client: documents });
const billing = {
  documents,
  tableName: requiredVariable("INVOICE_TABLE_NAME"),
  renderMs: wholeNumberVariable("INVOICE_RENDER_MS", 40),
};

/** Numbers the pending invoices if this invocation is the one that leads its occurrence; otherwise does nothing. */
export const handler = middy<Occurrence>()
  .before(({ context }) => logger.addContext(context))
  .use(leaderOnly<Occurrence>({ leases, name }))
  .handler(async (event, context: LeaderOnlyContext) => {
    const { lease } = context;
    const { numbers } = await numberPendingInvoices(billing, {
      term: String(lease.token),
      token: lease.token,
      tick: event.tick,
      executionId: event.executionId,
      requestId: context.awsRequestId,
      fence: fenced(lease),
      assertHeld: () => lease.assertHeld(),
      signal: lease.signal,
    });
    countMetric("InvoicesNumbered", numbers.length);
    return { led: true, token: lease.token, numbers };
  });
