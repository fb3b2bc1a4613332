import { join } from "node:path";
import { Duration, Stack } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import {
  type ILeaseTable,
  LeaderSchedule,
  LeadershipAlarms,
  LeadershipDashboard,
  LeadershipMetrics,
} from "../../lib/cdk/index.ts";
import { AlarmSet } from "../../lib/cdk/alarm-set.ts";
import { createJobFunction } from "../../lib/cdk/job-function.ts";
import { deliverTicks } from "../../lib/cdk/tick-delivery.ts";
import type { AlarmedStackProps } from "./lease-table-stack.ts";

/** What the reference workload is made of. */
export interface ReferenceStackProps extends AlarmedStackProps {
  readonly leases: ILeaseTable;
  /** File in `lambda/` that numbers invoices. */
  readonly numberInvoices: string;
  /** The project's root folder, where `lambda/` and the lock file are. */
  readonly root: string;
}

const NUMBERING = "number-invoices";
const EVERY_MINUTE = ScheduleExpression.rate(Duration.minutes(1));

/**
 * Gap-free invoice numbering: invoices arrive, and the leader of each minute numbers the pending ones. Two
 * leaders would make duplicates or gaps.
 */
export class ReferenceStack extends Stack {
  constructor(scope: Construct, id: string, props: ReferenceStackProps) {
    super(scope, id, { description: "Leasehold's reference workload: gap-free invoice numbering", ...props });
    const invoices = new dynamodb.TableV2(this, "Invoices", {
      partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
      sortKey: { name: "sk", type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      encryption: dynamodb.TableEncryptionV2.awsManagedKey(),
    });
    const environment = { INVOICE_TABLE_NAME: invoices.tableName };
    const depsLockFilePath = join(props.root, "package-lock.json");

    const metrics = new LeadershipMetrics({ leaseName: NUMBERING, serviceName: NUMBERING });

    const numbering = new LeaderSchedule(this, "NumberInvoices", {
      table: props.leases,
      leaseName: NUMBERING,
      duration: Duration.seconds(5),
      schedule: EVERY_MINUTE,
      entry: join(props.root, "lambda", props.numberInvoices),
      description: "Gives pending invoices consecutive numbers while it leads",
      environment: { ...environment, ...metrics.environment },
      depsLockFilePath,
    });
    // It queries what is pending and reads the counter. Each number is one fenced transaction, which updates the
    // invoice, deletes its wait, and puts the counter and the witness.
    invoices.grant(
      numbering.function,
      "dynamodb:Query",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
    );

    const alarmed =
      props.alarmTopicArn === undefined
        ? {}
        : { topic: Topic.fromTopicArn(this, "AlarmTopic", props.alarmTopicArn) };
    const { alarms } = new LeadershipAlarms(this, "Alarms", { metrics, schedule: numbering, ...alarmed });
    new LeadershipDashboard(this, "Leadership", { elections: [metrics], table: props.leases, alarms });

    const arrivals = new Construct(this, "ReceiveInvoices");
    const receive = createJobFunction(arrivals, "Function", {
      entry: join(props.root, "lambda", "receive-invoices.ts"),
      description: "Takes in the invoices of a minute; repeating it changes nothing, so nobody has to lead",
      environment,
      depsLockFilePath,
    });
    invoices.grant(receive, "dynamodb:PutItem");
    const { deadLetterQueue } = deliverTicks(arrivals, {
      target: receive,
      schedule: EVERY_MINUTE,
      maxEventAge: Duration.minutes(6),
      retryAttempts: 2,
    });
    new AlarmSet(arrivals, alarmed).add("GivenUp", {
      means: "The invoices of a minute were not taken in; the occurrence waits in the dead-letter queue.",
      see: "a-schedule-is-silent",
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum" }),
      threshold: 1,
    });
  }
}

/**
 * Reads the context value `election`: "on" (the default) elects a leader; "off" deploys the same job without an
 * election, to show that it breaks.
 */
export function handlerOf(election: unknown): string {
  if (election === undefined || election === "on") return "number-invoices.ts";
  if (election === "off") return "number-invoices-unelected.ts";
  throw new Error(`context election must be "on" or "off", not ${JSON.stringify(election)}`);
}
