import middy from "@middy/core";
import { LeaseClient } from "leasehold";
import { type LeaderOnlyContext, leaderOnly } from "leasehold/middy";

const leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });

export const handler = middy()
  .use(leaderOnly({ leases, name: "nightly-close" }))
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
