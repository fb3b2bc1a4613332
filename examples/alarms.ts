import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import {
  LeaderSchedule,
  LeadershipAlarms,
  LeadershipDashboard,
  LeadershipMetrics,
  LeaseTable,
  LeaseTableAlarms,
} from "leasehold/cdk";

/** A job that runs once a night and a service, both watched. */
export class WatchedStack extends Stack {
  constructor(scope: Construct, id: string, props: { readonly topic: ITopic }) {
    super(scope, id);
    const { topic } = props;
    const table = new LeaseTable(this, "Leases");
    const ofTable = new LeaseTableAlarms(this, "TableAlarms", { table, topic });

    const closing = new LeadershipMetrics({ leaseName: "nightly-close", serviceName: "closing" });
    const schedule = new LeaderSchedule(this, "NightlyClose", {
      table,
      leaseName: closing.leaseName,
      schedule: ScheduleExpression.cron({ hour: "2", minute: "0" }),
      entry: join(import.meta.dirname, "metrics-lambda.ts"),
      environment: closing.environment, // tells Powertools where these alarms look
    });
    const ofJob = new LeadershipAlarms(this, "ClosingAlarms", { metrics: closing, schedule, topic });

    // A service that is deployed elsewhere, with the same two variables in its environment.
    const writer = new LeadershipMetrics({ leaseName: "writer", serviceName: "orders" });
    const ofService = new LeadershipAlarms(this, "WriterAlarms", { metrics: writer, topic });

    new LeadershipDashboard(this, "Leadership", {
      elections: [closing, writer],
      table,
      alarms: [...ofJob.alarms, ...ofService.alarms, ...ofTable.alarms],
    });
  }
}
