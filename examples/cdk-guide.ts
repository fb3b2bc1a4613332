import { join } from "node:path";
import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import { MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { type ILeaseTable, LeaderSchedule, LeaderStatus, LeaseTable } from "leasehold/cdk";

/** A scheduled job with a function made for it, and one with a function that was there before. */
export class JobsStack extends Stack {
  constructor(scope: Construct, id: string, props: { readonly existing: (scope: Construct) => IFunction }) {
    super(scope, id);
    const leases = new LeaseTable(this, "Leases");

    const closing = new LeaderSchedule(this, "NightlyClose", {
      table: leases,
      leaseName: "nightly-close",
      duration: Duration.seconds(30),
      schedule: ScheduleExpression.cron({ minute: "0", hour: "2" }),
      entry: join(import.meta.dirname, "lambda-plain.ts"),
    });
    closing.metricDeadLetters().createAlarm(this, "CloseGivenUp", { threshold: 1, evaluationPeriods: 1 });

    const report = props.existing(this);
    new LeaderSchedule(this, "Report", {
      table: leases,
      leaseName: "report",
      schedule: ScheduleExpression.rate(Duration.minutes(5)),
      handler: report,
    });
  }
}

/** What each of an account's services may do. */
export function grant(
  leases: ILeaseTable,
  { worker, dashboard, operator }: Readonly<Record<"worker" | "dashboard" | "operator", IGrantable>>,
): void {
  leases.grantCampaign(worker, "orders-writer");
  leases.grantObserve(dashboard, "orders-writer"); // who leads one lease
  leases.grantOperate(operator); // all leases, with list()
}

/** A service that is deployed from elsewhere. */
export class OtherStack extends Stack {
  readonly leases: ILeaseTable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.leases = LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" });
  }
}

/** What a stack needs to tell who leads. */
export interface StatusStackProps {
  /** The function's source. */
  readonly entry: string;
  readonly dashboard: IGrantable;
}

/** Who leads, by HTTPS, for one role. */
export class StatusStack extends Stack {
  constructor(scope: Construct, id: string, props: StatusStackProps) {
    super(scope, id);
    const leases = LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" });
    const status = new LeaderStatus(this, "LeaderStatus", { table: leases, entry: props.entry });
    status.grantInvoke(props.dashboard);
  }
}

/** One election over three regions. */
export class GlobalStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    new LeaseTable(this, "Leases", {
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      replicaRegions: ["us-east-2", "us-west-2"],
    });
  }
}
