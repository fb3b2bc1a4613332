import { ArnFormat, Names, type RemovalPolicy, Stack } from "aws-cdk-lib";
import type { IRuleTarget } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type ILogGroup, LogGroup, ResourcePolicy, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { ILeadershipEvents } from "./leadership-events-rule.ts";

/** How the audit trail is kept. */
export interface AuditTrailProps {
  readonly retention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly deadLetterQueue: IQueue;
}

/**
 * Keeps every event in a log group. The target is our own: the library's makes a custom resource with a function of its own to
 * write the policy, which CloudFormation can write by itself.
 */
export function keepAuditTrail(
  scope: Construct,
  events: ILeadershipEvents,
  props: AuditTrailProps,
): LogGroup {
  const logGroup = new LogGroup(scope, "Trail", {
    retention: props.retention,
    removalPolicy: props.removalPolicy,
  });
  const rule = events.onLeadership("Rule", {
    description: "Leasehold: keeps every change of leadership as the audit trail of who led when",
    target: logTarget(logGroup, props.deadLetterQueue),
    crossStackScope: scope,
  });
  const principals = ["events.amazonaws.com", "delivery.logs.amazonaws.com"].map(
    (service) => new ServicePrincipal(service),
  );
  const onlyOfTheRule = { ArnEquals: { "aws:SourceArn": rule.ruleArn } };
  const resources = [logGroup.logGroupArn];
  new ResourcePolicy(scope, "Policy", {
    resourcePolicyName: nameInAccount(scope),
    policyStatements: [
      new PolicyStatement({ principals, actions: ["logs:CreateLogStream"], resources }),
      new PolicyStatement({
        principals,
        actions: ["logs:PutLogEvents"],
        resources,
        conditions: onlyOfTheRule,
      }),
    ],
  });
  props.deadLetterQueue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("events.amazonaws.com")],
      actions: ["sqs:SendMessage"],
      resources: [props.deadLetterQueue.queueArn],
      conditions: onlyOfTheRule,
    }),
  );
  return logGroup;
}

/**
 * A name that no other stack of the account gives. The library makes names of the ids in the app, which are the same where an app
 * is deployed twice, under two names of its stack.
 */
export function nameInAccount(scope: Construct): string {
  return Names.uniqueResourceName(scope, { maxLength: 200, separator: "-", allowedSpecialCharacters: "-" });
}

function logTarget(logGroup: ILogGroup, deadLetterQueue: IQueue): IRuleTarget {
  const arn = Stack.of(logGroup).formatArn({
    service: "logs",
    resource: "log-group",
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    resourceName: logGroup.logGroupName,
  });
  return { bind: () => ({ arn, deadLetterConfig: { arn: deadLetterQueue.queueArn } }) };
}
