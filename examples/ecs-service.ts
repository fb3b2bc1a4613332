import { Duration, Stack } from "aws-cdk-lib";
import { GatewayVpcEndpointAwsService, type Vpc } from "aws-cdk-lib/aws-ec2";
import * as ecs from "aws-cdk-lib/aws-ecs";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** What the service runs, and where. */
export interface EcsServiceProps {
  readonly vpc: Vpc;
  /** An image whose command is `node service.ts`, with Node as process 1. */
  readonly image: ecs.ContainerImage;
}

/** Two tasks that campaign for `writer`: one leads, the other leads as soon as it stops. */
export class EcsService extends Stack {
  constructor(scope: Construct, id: string, props: EcsServiceProps) {
    super(scope, id);
    const table = LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" });
    props.vpc.addGatewayEndpoint("DynamoDB", { service: GatewayVpcEndpointAwsService.DYNAMODB });

    const task = new ecs.FargateTaskDefinition(this, "Task", { cpu: 256, memoryLimitMiB: 512 });
    task.addContainer("writer", {
      image: props.image,
      command: ["node", "service.ts"], // no shell in between, which would keep SIGTERM to itself
      environment: { LEASE_TABLE_NAME: table.tableName },
      stopTimeout: Duration.seconds(60), // longer than a piece of work and the release
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: "writer" }),
    });
    table.grantCampaign(task.taskRole, "writer"); // the task's role, not the one that starts it

    new ecs.FargateService(this, "Service", {
      cluster: new ecs.Cluster(this, "Cluster", { vpc: props.vpc }),
      taskDefinition: task,
      desiredCount: 2,
      minHealthyPercent: 50, // a deployment replaces one task after the other
      circuitBreaker: { rollback: true },
    });
  }
}
