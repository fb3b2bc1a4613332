import { LeaseClient, leaseEnvironment, withLeadership } from "leasehold";

const { name, ...election } = leaseEnvironment(); // what LeaderSchedule has set and synthesis has checked
const leases = new LeaseClient(election);

export const handler = withLeadership(
  async (_event: { tick: string }, context) => {
    console.log(`leading until ${context.lease.remainingMs()} ms from now, unless renewed`);
    return { led: true };
  },
  { leases, name },
);
