import {
  DescribeContinuousBackupsCommand,
  type DescribeContinuousBackupsOutput,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DescribeTimeToLiveOutput,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";
import { type Answer, ask, type Ground, isUnauthenticated, why } from "./ask.ts";
import { type Finding, finding } from "./finding.ts";

/** What was found of a table; `exists` is `undefined` where nobody may say. */
export interface Examined {
  readonly exists: boolean | undefined;
  readonly findings: Finding[];
}

/** Looks at a table, if there is one, and compares it with what `LeaseTable` makes. */
export async function examineTable(ground: Ground): Promise<Examined> {
  const { client, tableName: TableName } = ground;
  const got = await ask((options) => client.send(new DescribeTableCommand({ TableName }), options));
  if (got.kind !== "answered") return withoutTable(got, TableName);
  return { exists: true, findings: await compareTable(ground, got.output.Table ?? {}) };
}

/** Compares a table with what `LeaseTable` makes. */
export async function compareTable(
  { client, tableName: TableName, shortName }: Ground,
  table: TableDescription,
): Promise<Finding[]> {
  const [ttl, backups] = await Promise.all([
    ask((options) => client.send(new DescribeTimeToLiveCommand({ TableName }), options)),
    ask((options) => client.send(new DescribeContinuousBackupsCommand({ TableName }), options)),
  ]);
  const strong = table.MultiRegionConsistency === "STRONG";
  return [
    statusOf(table),
    keysOf(table),
    timeToLiveOf(ttl, shortName, strong),
    billingOf(table, shortName),
    recoveryOf(backups, shortName),
    protectionOf(table, shortName),
    encryptionOf(table),
    replicasOf(table),
  ];
}

function withoutTable(got: Exclude<Answer<unknown>, { kind: "answered" }>, name: string): Examined {
  if (got.kind === "denied") {
    const fix =
      "allow dynamodb:DescribeTable, or run doctor as somebody who may; an election does not need it";
    return {
      exists: undefined,
      findings: [finding("table", "note", "its settings may not be looked at", fix)],
    };
  }
  if (got.error.name.startsWith("ResourceNotFound")) {
    const fix =
      "check --table, --region and account; leasehold table create makes one, and so does LeaseTable";
    return { exists: false, findings: [finding("table", "fault", `there is no table "${name}" here`, fix)] };
  }
  const fix = isUnauthenticated(got.error)
    ? "check the access key, its session token and this machine's clock"
    : "check the region, --endpoint, the network and the proxy";
  const says = `DynamoDB does not answer as it should: ${why(got.error)}`;
  return { exists: false, findings: [finding("table", "fault", says, fix)] };
}

function statusOf({ TableStatus, TableArn }: TableDescription): Finding {
  if (TableStatus === "ACTIVE") return finding("table", "ok", `found, ${TableArn ?? "active"}`);
  return finding("table", "warning", `its status is ${TableStatus}`, "wait until it is ACTIVE");
}

function keysOf({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): Finding {
  const { partitionKey, sortKey } = LEASE_TABLE_SCHEMA;
  const shown = KeySchema.map(({ AttributeName, KeyType }) => {
    const type = AttributeDefinitions.find((one) => one.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} (${type}, ${KeyType})`;
  }).join(" and ");
  const wanted = `${partitionKey} (S, HASH) and ${sortKey} (S, RANGE)`;
  if (shown === wanted) return finding("keys", "ok", shown);
  const fix = "keys cannot be changed: make another table (leasehold table create, or LeaseTable)";
  return finding("keys", "fault", `are ${shown}, and have to be ${wanted}`, fix);
}

function timeToLiveOf(got: Answer<DescribeTimeToLiveOutput>, shortName: string, strong: boolean): Finding {
  const { ttlAttribute } = LEASE_TABLE_SCHEMA;
  if (strong) return finding("ttl", "ok", "a table with strong consistency across regions has none");
  if (got.kind !== "answered") return unseen("ttl", got, "dynamodb:DescribeTimeToLive");
  const { TimeToLiveStatus: status, AttributeName: name } = got.output.TimeToLiveDescription ?? {};
  const isOn = status === "ENABLED" || status === "ENABLING";
  if (isOn && name === ttlAttribute) return finding("ttl", "ok", `on, by the attribute ${name}`);
  const says = isOn
    ? `goes by the attribute ${name}, and has to go by ${ttlAttribute}`
    : "is off: rows of leases that nobody uses stay for good";
  const specification = `Enabled=true,AttributeName=${ttlAttribute}`;
  const command = `aws dynamodb update-time-to-live --table-name ${shortName} --time-to-live-specification ${specification}`;
  return finding("ttl", "warning", says, `${command} (LeaseTable: timeToLive)`);
}

function billingOf({ BillingModeSummary }: TableDescription, shortName: string): Finding {
  if (BillingModeSummary?.BillingMode === "PAY_PER_REQUEST") return finding("billing", "ok", "on demand");
  const says = "provisioned: elections idle, and then all want to write at once, which is throttled";
  const fix = `aws dynamodb update-table --table-name ${shortName} --billing-mode PAY_PER_REQUEST`;
  return finding("billing", "warning", says, fix);
}

function recoveryOf(got: Answer<DescribeContinuousBackupsOutput>, shortName: string): Finding {
  const check = "recovery";
  if (got.kind !== "answered") return unseen(check, got, "dynamodb:DescribeContinuousBackups");
  const { PointInTimeRecoveryDescription: recovery } = got.output.ContinuousBackupsDescription ?? {};
  if (recovery?.PointInTimeRecoveryStatus === "ENABLED")
    return finding(check, "ok", "to any second of the last days");
  const command = `aws dynamodb update-continuous-backups --table-name ${shortName} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`;
  return finding(
    check,
    "warning",
    "point-in-time recovery is off",
    `${command} (LeaseTable: pointInTimeRecovery)`,
  );
}

function protectionOf({ DeletionProtectionEnabled }: TableDescription, shortName: string): Finding {
  if (DeletionProtectionEnabled === true) return finding("protection", "ok", "against deletion");
  const command = `aws dynamodb update-table --table-name ${shortName} --deletion-protection-enabled`;
  const says = "none against deletion, which would end every term in the table";
  return finding("protection", "warning", says, `${command} (LeaseTable: deletionProtection)`);
}

function encryptionOf({ SSEDescription }: TableDescription): Finding {
  const { SSEType, KMSMasterKeyArn } = SSEDescription ?? {};
  if (SSEType !== "KMS") {
    return finding(
      "encryption",
      "note",
      "with a key that AWS owns; LeaseTable takes the account's own (aws/dynamodb)",
    );
  }
  const says = `with the KMS key ${KMSMasterKeyArn}; if it is a customer's, candidates need its use, too`;
  return finding("encryption", "ok", says);
}

function replicasOf(table: TableDescription): Finding {
  const { Replicas = [], MultiRegionConsistency, GlobalTableVersion } = table;
  const regions = Replicas.map(({ RegionName }) => RegionName).join(", ");
  if (Replicas.length === 0 && GlobalTableVersion === undefined)
    return finding("replicas", "ok", "none: one region");
  if (MultiRegionConsistency === "STRONG")
    return finding("replicas", "ok", `strongly consistent, with ${regions}`);
  const says = `replicas that agree eventually (${regions}): two regions can lead the same lease`;
  const fix =
    "keep the leases in a table of one region, or in one with strong consistency (LeaseTable: multiRegionConsistency STRONG)";
  return finding("replicas", "fault", says, fix);
}

function unseen(check: string, got: Exclude<Answer<unknown>, { kind: "answered" }>, action: string): Finding {
  if (got.kind === "unknown") return finding(check, "note", "this engine does not know it");
  if (got.kind === "denied")
    return finding(check, "note", "may not be looked at", `allow ${action}, if you want to know`);
  return finding(check, "warning", `could not be looked at: ${why(got.error)}`, "try again");
}
