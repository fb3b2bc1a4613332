import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { Topic } from "aws-cdk-lib/aws-sns";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { LeadershipEvents, LeaseTable, LeaseTableAlarms } from "../../lib/cdk/index.ts";

/**
 * Where every service of the account finds the table, without depending on this stack:
 * `LeaseTable.fromSsm`.
 */
const SSM_PREFIX = "/leasehold/leases";

/** Where every service of the account finds the bus that tells who leads. */
const BUS_NAME_PARAMETER = "/leasehold/leadership-bus-name";

/** Whom the stacks' alarms tell. */
export interface AlarmedStackProps extends StackProps {
  /**
   * ARN of a topic of SNS that lets CloudWatch publish.
   * @default - none: alarms show in the console and on the dashboard, and tell nobody
   */
  readonly alarmTopicArn?: string;
}

/**
 * The account's lease table, and who led when. A stack of its own, so that no service's deployment can take the others' leases
 * away.
 */
export class LeaseTableStack extends Stack {
  readonly table: LeaseTable;
  readonly events: LeadershipEvents;

  constructor(scope: Construct, id: string, { alarmTopicArn, ...props }: AlarmedStackProps = {}) {
    super(scope, id, {
      description: "Leasehold: the table that services elect their leaders in",
      terminationProtection: true,
      ...props,
    });
    this.table = new LeaseTable(this, "Leases", { ssmPrefix: SSM_PREFIX });
    new CfnOutput(this, "TableName", {
      value: this.table.tableName,
      description: "What lease clients take as tableName",
    });

    this.events = new LeadershipEvents(this, "Leadership", { table: this.table });
    new LeaseTableAlarms(this, "Alarms", {
      table: this.table,
      events: this.events,
      ...(alarmTopicArn === undefined
        ? {}
        : { topic: Topic.fromTopicArn(this, "AlarmTopic", alarmTopicArn) }),
    });
    new StringParameter(this, "BusNameParameter", {
      parameterName: BUS_NAME_PARAMETER,
      stringValue: this.events.eventBus.eventBusName,
      description: "Name of the event bus that tells every change of leadership",
    });
    new CfnOutput(this, "AuditTrail", {
      value: this.events.auditLogGroup.logGroupName,
      description: "Log group that tells who led when",
    });
  }
}
