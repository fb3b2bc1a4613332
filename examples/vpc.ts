import { Stack } from "aws-cdk-lib";
import { GatewayVpcEndpointAwsService, SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** A candidate in subnets that have no way to the internet: the gateway endpoint is its way to the table. */
export class PrivateStack extends Stack {
  constructor(scope: Construct, id: string, props: { readonly bundle: string }) {
    super(scope, id);
    const table = new LeaseTable(this, "Leases");
    const vpc = new Vpc(this, "Vpc", {
      natGateways: 0,
      subnetConfiguration: [{ name: "private", subnetType: SubnetType.PRIVATE_ISOLATED }],
      gatewayEndpoints: { DynamoDB: { service: GatewayVpcEndpointAwsService.DYNAMODB } },
    });
    const job = new LambdaFunction(this, "Job", {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromAsset(props.bundle),
      environment: { LEASE_TABLE_NAME: table.tableName },
    });
    table.grantCampaign(job, "writer");
  }
}
