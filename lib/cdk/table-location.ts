import { Aws, Stack, Stage, Token, Validations } from "aws-cdk-lib";
import { CfnGlobalTable } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { refuse } from "./checks.ts";
import { type ILeaseTable, LeaseTable } from "./lease-table.ts";

/** The resource of a table that this app makes; undefined for an imported one. */
export function resourceOf(table: ILeaseTable): CfnGlobalTable | undefined {
  const resource = table.node.tryFindChild("Table")?.node.defaultChild;
  return resource instanceof CfnGlobalTable ? resource : undefined;
}

/** A table as a function in a stack uses it. */
export interface TableInSight {
  readonly table: ILeaseTable;
  /** What a client in that stack takes as `tableName`. */
  readonly tableName: string;
}

/**
 * Finds how a construct's stack uses a table: by its name where the table or a replica of it is near, by its ARN where it is in
 * another region or account. Refuses a table that cannot be reached from there.
 */
export function tableSeenFrom(scope: Construct, table: ILeaseTable): TableInSight {
  checkAccount(scope, table);
  const here = Stack.of(scope);
  if (table.env.region === here.region && table.env.account === here.account) {
    return { table, tableName: table.tableName };
  }
  const where = `table ${table.node.path} is in ${shown(table.env.region)}, this function in ${shown(here.region)}`;
  if (table.env.region === Aws.REGION && here.region !== Aws.REGION) {
    refuse(
      scope,
      `${where}; name the region of the table's stack (env.region), so that the function finds the table`,
    );
  }
  const resource = resourceOf(table);
  if (resource === undefined) return { table, tableName: table.tableArn };
  const { tableName } = resource;
  if (tableName === undefined || Token.isUnresolved(tableName)) {
    return refuse(
      scope,
      `${where}, where nobody knows its name; give the table a tableName, or make the function in the table's region`,
    );
  }
  if (Stage.of(table) === Stage.of(scope)) here.addStackDependency(Stack.of(table));
  if (!hasReplicaIn(resource, here.region)) return { table, tableName: table.tableArn };
  const options = table.encryptionKey === undefined ? {} : { encryptionKey: table.encryptionKey };
  return { table: LeaseTable.fromTableName(scope, "Replica", tableName, options), tableName };
}

/** Whether a table has a readable copy in a region. */
export function hasReplicaIn(resource: CfnGlobalTable, region: string): boolean {
  const replicas: unknown = Stack.of(resource).resolve(resource.replicas);
  return Array.isArray(replicas) && replicas.some((replica) => replica?.region === region);
}

function checkAccount(scope: Construct, table: ILeaseTable): void {
  const { account } = Stack.of(scope);
  if (table.env.account === account || table.allowedByResourcePolicy === true) return;
  const where = `table ${table.node.path} is in account ${shown(table.env.account)}, this function in ${shown(account)}`;
  const remedy =
    "a role of another account needs the table's resource policy and a table with a customer's key: refer to it with " +
    "LeaseTable.fromTableArn(…, { encryptionKey, allowedByResourcePolicy: true }), or make the function in its account";
  if (Token.isUnresolved(account) || Token.isUnresolved(table.env.account)) {
    Validations.of(scope).addWarning(
      "leasehold:table-account-unknown",
      `${where}. If they differ, ${remedy}; if not, name it (env.account)`,
    );
    return;
  }
  refuse(scope, `${where}; ${remedy}`);
}

function shown(place: string): string {
  return Token.isUnresolved(place) ? "one that is known only at deployment" : place;
}
