import { LeaseClient, withLeadership } from "leasehold";

const leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });

export const handler = withLeadership(
  async (_event: { tick: string }, context) => {
    console.log(`leading until ${context.lease.remainingMs()} ms from now, unless renewed`);
    return { led: true };
  },
  { leases, name: "nightly-close" },
);
