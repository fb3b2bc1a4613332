import middy from "@middy/core";
import { LeaseClient, leaseEnvironment } from "leasehold";
import { type LeaderOnlyContext, leaderOnly } from "leasehold/middy";

const { name, ...election } = leaseEnvironment(); // what LeaderSchedule has set and synthesis has checked
const leases = new LeaseClient(election);

export const handler = middy()
  .use(leaderOnly({ leases, name }))
  .handler(async (_event: unknown, context: LeaderOnlyContext) => {
    for (const account of ["a", "b", "c"]) {
      context.lease.assertHeld(); // time has passed: look again, right before the side effect
      await closeBooks(account, context.lease.token);
    }
    return { led: true };
  });

async function closeBooks(account: string, token: number): Promise<void> {
  console.log(`closing ${account} under token ${token}`);
}
