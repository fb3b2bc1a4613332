import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnPipe } from "aws-cdk-lib/aws-pipes";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { LEADERSHIP_CHANGES_CODE } from "./leadership-events-code.ts";
import { LEADERSHIP_PATTERNS } from "./leadership-events-filter.ts";
import { LEADERSHIP_SOURCE } from "./leadership-events-rule.ts";
import { grantStreamRead } from "./leadership-events-stream.ts";
import type { ILeaseTable } from "./lease-table.ts";

/** What a pipe goes from and to. */
export interface LeadershipPipeProps {
  readonly table: ILeaseTable;
  readonly streamArn: string;
  readonly eventBus: IEventBus;
  readonly deadLetterQueue: Queue;
  readonly maxRecordAge: Duration;
}

/** Most events that a bus takes at once: a larger batch is refused by the pipe. */
const BATCH_SIZE = 10;

/** Makes the queue for what could not be told, for two weeks. */
export function createDeadLetters(scope: Construct): Queue {
  const queue = new Queue(scope, "DeadLetters", {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const reason = "This queue is the dead-letter queue, of a pipe and of a rule";
  Validations.of(queue).acknowledge(
    { id: "AwsSolutions-SQS3", reason },
    { id: "Serverless-SQSRedrivePolicy", reason },
  );
  return queue;
}

/** Makes the pipe from a table's stream to a bus. */
export function createPipe(scope: Construct, props: LeadershipPipeProps): CfnPipe {
  const { table, streamArn, eventBus, deadLetterQueue, maxRecordAge } = props;
  const role = new Role(scope, "PipeRole", { assumedBy: pipesOf(scope) });
  const enrichment = createEnrichment(scope);
  const logGroup = new LogGroup(scope, "PipeLogs", {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY, // It holds errors of the pipe, and nothing that anyone would look for later.
  });
  grantStreamRead(table, streamArn, role);
  const allow = (action: string, resource: string): void => {
    role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
  };
  allow("lambda:InvokeFunction", enrichment.functionArn);
  allow("events:PutEvents", eventBus.eventBusArn);
  allow("sqs:SendMessage", deadLetterQueue.queueArn);
  logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason: "dynamodb:ListStreams, which a pipe needs, knows no resources; the statement holds it alone",
  });

  const pipe = new CfnPipe(scope, "Pipe", {
    description: "Leasehold: changes of leadership, from the lease table's stream to an event bus",
    roleArn: role.roleArn,
    source: streamArn,
    sourceParameters: {
      filterCriteria: { filters: LEADERSHIP_PATTERNS.map((one) => ({ pattern: JSON.stringify(one) })) },
      dynamoDbStreamParameters: {
        // The stream is as new as the pipe, or what it holds has not been told: rather twice than not at all.
        startingPosition: "TRIM_HORIZON",
        batchSize: BATCH_SIZE,
        // A shard keeps the order of its rows; batches of it side by side would not.
        parallelizationFactor: 1,
        onPartialBatchItemFailure: "AUTOMATIC_BISECT",
        // No content makes the enrichment fail, so what fails is a service, for a while: the record's age bounds the tries.
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: maxRecordAge.toSeconds(),
        deadLetterConfig: { arn: deadLetterQueue.queueArn },
      },
    },
    enrichment: enrichment.functionArn,
    target: eventBus.eventBusArn,
    targetParameters: {
      inputTemplate: "<$.detail>",
      eventBridgeEventBusParameters: {
        source: LEADERSHIP_SOURCE,
        detailType: "$.detailType",
        time: "$.time",
        resources: [table.tableArn],
      },
    },
    logConfiguration: {
      level: "ERROR",
      cloudwatchLogsLogDestination: { logGroupArn: logGroup.logGroupArn },
    },
  });
  // A pipe is made only by a role that may already do all of it.
  pipe.node.addDependency(role);
  return pipe;
}

/** EventBridge Pipes, on behalf of this account's pipes only. */
function pipesOf(scope: Construct): ServicePrincipal {
  const stack = Stack.of(scope);
  return new ServicePrincipal("pipes.amazonaws.com", {
    conditions: {
      StringEquals: { "aws:SourceAccount": stack.account },
      ArnLike: {
        "aws:SourceArn": stack.formatArn({ service: "pipes", resource: "pipe", resourceName: "*" }),
      },
    },
  });
}

/** Compares the two images of a row, which no pattern and no template of a pipe can do. */
function createEnrichment(scope: Construct): lambda.Function {
  const logGroup = new LogGroup(scope, "ChangesLogs", {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, "ChangesRole", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  const enrichment = new lambda.Function(scope, "Changes", {
    description: "Leasehold: tells what changed in a lease's row",
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: "index.handler",
    code: lambda.Code.fromInline(LEADERSHIP_CHANGES_CODE),
    memorySize: 256, // CPU comes with memory, and a cold start is what an event waits for longest.
    timeout: Duration.seconds(10),
    tracing: lambda.Tracing.ACTIVE,
    loggingFormat: lambda.LoggingFormat.JSON,
    role,
    logGroup,
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason: "X-Ray's write actions know no resources; the statement holds these alone",
  });
  Validations.of(enrichment).acknowledge({
    id: "Serverless-LambdaDLQ",
    reason:
      "A pipe invokes it and waits for the answer; what fails is the pipe's to keep, in its dead-letter queue",
  });
  return enrichment;
}
