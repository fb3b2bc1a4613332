import { invalid } from "../core/errors.ts";
import { parseText } from "../core/names.ts";
import { LEASE_VARIABLES } from "./lease-environment.ts";
import { MAX_TABLE_NAME_BYTES } from "./schema.ts";

/** A lease table, as a client was told of it. */
export interface TableName {
  /** The name or ARN, as given. */
  readonly tableName: string;
  /** The region that an ARN says the table is in; undefined for a name. */
  readonly region: string | undefined;
}

const TABLE_ARN = /^arn:[^:]+:dynamodb:([^:]+):\d{12}:table\/[^/:]+$/;

/**
 * Reads what an option says of a table: its name, or its ARN, which also says in which region it is.
 * @throws {LeaseError} INVALID_ARGUMENT for nothing, naming the variable that was probably meant; for what is no
 *   string of 1 to 1,024 bytes; and for an ARN of anything but a table
 */
export function parseTableName(given: unknown): TableName {
  if (given === undefined || given === "") throw invalid(missing(given));
  const tableName = parseText(given, "tableName", MAX_TABLE_NAME_BYTES);
  if (!tableName.startsWith("arn:")) return { tableName, region: undefined };
  const [, region] = TABLE_ARN.exec(tableName) ?? [];
  if (region !== undefined) return { tableName, region };
  throw invalid(
    `tableName is the ARN "${tableName}", which is not that of a DynamoDB table; give the table's name, or an ARN such ` +
      "as arn:aws:dynamodb:eu-central-1:111111111111:table/leases",
  );
}

function missing(given: unknown): string {
  const what = `tableName is ${given === undefined ? "undefined" : "empty"}`;
  const variable = LEASE_VARIABLES.tableName;
  if (process.env[variable]) {
    return `${what}, although the environment variable ${variable} is set; pass process.env.${variable}, or use leaseEnvironment()`;
  }
  return (
    `${what}; was it to come from the environment variable ${variable}? That is not set here. Set it to the name or ` +
    "ARN of the lease table, as LeaderSchedule does on its function; or give tableName, or a store of your own as store"
  );
}
