import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { LeaderSchedule, LeaseTable } from "leasehold/cdk";

/** A lease table and a job that runs once a night. */
export class ClosingStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const table = new LeaseTable(this, "Leases");
    new LeaderSchedule(this, "NightlyClose", {
      table,
      leaseName: "nightly-close",
      schedule: ScheduleExpression.cron({ hour: "2", minute: "0" }),
      entry: join(import.meta.dirname, "lambda-middy.ts"),
    });
  }
}
