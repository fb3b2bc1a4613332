import { Duration, Stack } from "aws-cdk-lib";
import { EventBus } from "aws-cdk-lib/aws-events";
import { SnsTopic, SqsQueue } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { LeaderSchedule, LeadershipChange, LeadershipEvents, LeaseTable } from "leasehold/cdk";

/** A lease table that tells who leads, and somebody who wants to know when a leader has crashed. */
export class LeasesStack extends Stack {
  readonly leases: LeaseTable;
  readonly events: LeadershipEvents;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.leases = new LeaseTable(this, "Leases");
    this.events = new LeadershipEvents(this, "Leadership", { table: this.leases });
    this.events.metricDeadLetters().createAlarm(this, "NotTold", { threshold: 1, evaluationPeriods: 1 });

    this.events.onLeadership("Crashed", {
      leaseNames: ["orders-writer", "nightly-close"],
      changes: [LeadershipChange.TAKEN_OVER],
      target: new SnsTopic(new Topic(this, "OnCall", { enforceSSL: true })),
    });
  }
}

/** A service of another stack: it knows the bus and the table's ARN, and has its standbys woken by a queue. */
export class StandbyStack extends Stack {
  readonly queue: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const name = StringParameter.valueForStringParameter(this, "/leasehold/leadership-bus-name");
    const bus = EventBus.fromEventBusName(this, "Bus", name);
    const tableArn = StringParameter.valueForStringParameter(this, "/leasehold/leases/table-arn");
    const events = LeadershipEvents.fromEventBus(this, "Leadership", bus, { tableArn });
    this.queue = new Queue(this, "Releases", { retentionPeriod: Duration.minutes(5), enforceSSL: true });
    events.onLeadership("Released", {
      leaseNames: ["orders-writer"],
      changes: [LeadershipChange.RELEASED],
      target: new SqsQueue(this.queue),
    });
  }
}

/** A job that also runs as soon as the import has let go. */
export class ReportStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly from: LeasesStack; readonly handler: (scope: Construct) => IFunction },
  ) {
    super(scope, id);
    const report = new LeaderSchedule(this, "Report", {
      table: props.from.leases,
      leaseName: "report",
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      handler: props.handler(this),
    });
    report.wakeOnRelease(props.from.events, "import");
  }
}
