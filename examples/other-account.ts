import { Stack, type StackProps } from "aws-cdk-lib";
import { AccountPrincipal, type IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** A lease table whose account lets another one's roles campaign for one lease. */
export class SharedTableStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly guest: string }) {
    super(scope, id, props);
    const guest = new AccountPrincipal(props.guest);
    const encryptionKey = new Key(this, "Key", { enableKeyRotation: true });
    const leases = new LeaseTable(this, "Leases", { tableName: "leases", encryptionKey });
    leases.table.addToResourcePolicy(
      new PolicyStatement({
        principals: [guest],
        actions: ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"],
        resources: ["*"], // this table: it is the table's own policy
        conditions: {
          "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["writer"] },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      }),
    );
    encryptionKey.addToResourcePolicy(
      new PolicyStatement({
        principals: [guest],
        actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        resources: ["*"], // this key: it is the key's own policy
        conditions: { StringEquals: { "kms:ViaService": `dynamodb.${this.region}.${this.urlSuffix}` } },
      }),
    );
  }
}

/** What the other account's stack needs. */
export interface GuestStackProps extends StackProps {
  readonly tableArn: string;
  readonly keyArn: string;
  readonly service: (scope: Construct) => IGrantable;
}

/** A service of the other account. Its client takes the ARN as `tableName`. */
export class GuestStack extends Stack {
  constructor(scope: Construct, id: string, props: GuestStackProps) {
    super(scope, id, props);
    const leases = LeaseTable.fromTableArn(this, "Leases", props.tableArn, {
      encryptionKey: Key.fromKeyArn(this, "Key", props.keyArn),
      allowedByResourcePolicy: true,
    });
    leases.grantCampaign(props.service(this), "writer");
  }
}
