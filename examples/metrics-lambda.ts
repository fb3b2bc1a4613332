import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { LeaseClient, leaseEnvironment, withLeadership } from "leasehold";
import { reportLeaseEvents } from "leasehold/powertools";

const { name, ...election } = leaseEnvironment();
const leases = new LeaseClient(election);

// Where to, and as which service: POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME say it.
reportLeaseEvents({ logger: new Logger(), metrics: new Metrics() });

export const handler = withLeadership(
  async (_event: { tick: string }, { lease }) => {
    return { led: true, token: lease.token };
  },
  { leases, name },
);
