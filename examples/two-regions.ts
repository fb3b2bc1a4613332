import { join } from "node:path";
import { type App, Stack, type StackProps } from "aws-cdk-lib";
import { MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { type ILeaseTable, LeaderSchedule, LeaseTable } from "leasehold/cdk";

/** The lease table: a copy in each of two regions, and a witness in a third. */
export class LeasesStack extends Stack {
  readonly table: ILeaseTable;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.table = new LeaseTable(this, "Leases", {
      tableName: "leases",
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      replicaRegions: ["us-east-2"],
      witnessRegion: "us-west-2",
    });
  }
}

/** The job as one region has it. */
export class CloseStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly table: ILeaseTable }) {
    super(scope, id, props);
    new LeaderSchedule(this, "NightlyClose", {
      table: props.table,
      leaseName: "nightly-close",
      schedule: ScheduleExpression.cron({ hour: "2", minute: "0" }),
      entry: join(import.meta.dirname, "lambda-middy.ts"),
    });
  }
}

/** The job in two regions. One of them does each night's run. */
export function inTwoRegions(app: App, account: string): void {
  const { table } = new LeasesStack(app, "Leases", { env: { account, region: "us-east-1" } });
  for (const region of ["us-east-1", "us-east-2"]) {
    new CloseStack(app, `Close-${region}`, { env: { account, region }, table });
  }
}
