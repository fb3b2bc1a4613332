import { Token } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { refuse } from "./checks.ts";

/** What a table is published as, below its prefix. */
const TABLE_NAME = "table-name";
const TABLE_ARN = "table-arn";

/** Systems Manager takes 15 levels in all, and keeps these two for AWS. */
const PREFIX = /^(\/[\w.-]+){1,13}$/;
const RESERVED = /^\/(aws|ssm)/i;
/** With "/table-name" it is within the 1,011 characters that a parameter's name and ARN leave. */
const LONGEST_PREFIX = 900;

/**
 * Checks a prefix of parameters. It has to be known at synthesis, since the parameters' ARNs are
 * made of it.
 */
export function checkSsmPrefix(scope: Construct, prefix: unknown, property: string): void {
  const form =
    'has to begin with "/", must not end with it, and has at most 13 parts of letters, digits, ".", "_" and "-", such as ' +
    "/leasehold/leases";
  if (typeof prefix !== "string" || Token.isUnresolved(prefix)) {
    refuse(scope, `${property} has to be text that is known at synthesis; it ${form}`);
  }
  if (!PREFIX.test(prefix) || prefix.length > LONGEST_PREFIX) {
    refuse(scope, `${property} is "${prefix.slice(0, 80)}", but ${form}`);
  }
  if (RESERVED.test(prefix)) {
    refuse(
      scope,
      `${property} is "${prefix}", but AWS keeps names that begin with "aws" or "ssm"; take another`,
    );
  }
}

/** Publishes a table's name and ARN. */
export function publish(
  table: Construct & { readonly tableName: string; readonly tableArn: string },
  prefix: string,
): void {
  new StringParameter(table, "TableNameParameter", {
    parameterName: `${prefix}/${TABLE_NAME}`,
    stringValue: table.tableName,
    description: "Name of a Leasehold table, for clients and LeaseTable.fromSsm",
  });
  new StringParameter(table, "TableArnParameter", {
    parameterName: `${prefix}/${TABLE_ARN}`,
    stringValue: table.tableArn,
    description: "ARN of a Leasehold table, for policies and for clients in other regions",
  });
}

/**
 * The name of the table that was published under a prefix: a value that CloudFormation reads at
 * deployment.
 */
export function tableNameFrom(scope: Construct, prefix: string): string {
  return StringParameter.valueForStringParameter(scope, `${prefix}/${TABLE_NAME}`);
}
