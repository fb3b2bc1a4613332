import { type ResourceEnvironment, Stack, Token } from "aws-cdk-lib";
import { StreamViewType } from "aws-cdk-lib/aws-dynamodb";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { checkSamePlace, refuse } from "./checks.ts";
import type { ILeaseTable } from "./lease-table.ts";
import { resourceOf } from "./table-location.ts";

/**
 * Finds the stream of a lease table, and turns it on where this app makes the table. Pipes read streams of their own region
 * and account only.
 */
export function streamOf(scope: Construct, table: ILeaseTable): string {
  checkPlace(scope, table);
  const resource = resourceOf(table);
  if (resource !== undefined) {
    resource.streamSpecification = { streamViewType: StreamViewType.NEW_AND_OLD_IMAGES };
    return resource.attrStreamArn;
  }
  if (table.tableStreamArn !== undefined) return checkStream(scope, table, table.tableStreamArn);
  return refuse(
    scope,
    `table ${table.node.path} is imported without its stream; make it with \`stream: true\` and give its ARN, ` +
      "LeaseTable.fromTableName(…, { tableStreamArn })",
  );
}

/** Lets the grantee read the stream, and by way of DynamoDB use the table's key, where the table has one of its own. */
export function grantStreamRead(table: ILeaseTable, streamArn: string, grantee: IGrantable): Grant {
  const records = Grant.addToPrincipal({
    grantee,
    actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
    resourceArns: [streamArn],
  });
  // It knows no resources: on the ARN of a stream the statement would allow nothing.
  const list = Grant.addToPrincipal({ grantee, actions: ["dynamodb:ListStreams"], resourceArns: ["*"] });
  const read = records.combine(list);
  if (table.encryptionKey === undefined) return read;
  const key = Grant.addToPrincipal({
    grantee,
    actions: ["kms:Decrypt", "kms:DescribeKey"],
    resourceArns: [table.encryptionKey.keyArn],
    conditions: {
      StringEquals: { "kms:ViaService": `dynamodb.${table.env.region}.${Stack.of(table).urlSuffix}` },
    },
  });
  return read.combine(key);
}

/** The ARN of a stream: of the table, with a label that DynamoDB gives. Parts may be tokens, such as the partition. */
const STREAM_ARN =
  /^arn:[^:]+:dynamodb:(?<region>[^:]+):(?<account>[^:]+):table\/(?<name>[^/:]+)\/stream\/.+$/;

function checkStream(scope: Construct, table: ILeaseTable, arn: string): string {
  if (Token.isUnresolved(arn)) return arn;
  const { region, account, name } = STREAM_ARN.exec(arn)?.groups ?? {};
  const known = !Token.isUnresolved(table.tableName);
  if (region === undefined || account === undefined || (known && name !== table.tableName)) {
    return refuse(
      scope,
      `tableStreamArn is "${arn}", but has to be that of a stream of the table "${known ? table.tableName : "…"}", such as ` +
        "arn:aws:dynamodb:eu-central-1:111111111111:table/leases/stream/2026-11-28T00:00:00.000",
    );
  }
  refuseElsewhere(scope, `stream ${arn}`, { region, account });
  return arn;
}

function checkPlace(scope: Construct, table: ILeaseTable): void {
  refuseElsewhere(scope, `table ${table.node.path}`, table.env);
}

function refuseElsewhere(scope: Construct, thing: string, env: ResourceEnvironment): void {
  checkSamePlace(
    scope,
    env,
    (what, there, here) =>
      `${thing} is in ${what} ${there}, and this stack in ${here}; a pipe reads streams of its own region and ` +
      `account only, so make the events in the table's ${what}. Where the table has a replica here, refer to that with ` +
      "LeaseTable.fromTableArn(…, { tableStreamArn })",
  );
}
