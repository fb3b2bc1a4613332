import { invalid } from "../core/errors.ts";
import { show } from "../core/timing.ts";
import { LEASE_VARIABLES } from "./lease-environment.ts";

/** A lease table, as a client was told of it. */
export interface TableName {
  /** The name or ARN, as given. */
  readonly tableName: string;
  /** The region that an ARN says the table is in; undefined for a name. */
  readonly region: string | undefined;
}

/** What DynamoDB takes for a table's name, or its ARN. */
const TABLE = /^(?:[\w.-]{3,255}|arn:[^:]+:dynamodb:([^:]+):\d{12}:table\/[^/:]+)$/;

/**
 * Reads what an option says of a table: its name, or its ARN, which also says in which region it is.
 * @throws {LeaseError} INVALID_ARGUMENT for nothing, naming the variable that was probably meant; and for what is neither
 *   a name as DynamoDB takes them nor the ARN of a table
 */
export function parseTableName(given: unknown): TableName {
  if (given === undefined || given === "") throw invalid(missing(given));
  const found = typeof given === "string" ? TABLE.exec(given) : null;
  if (found !== null) return { tableName: found[0], region: found[1] };
  throw invalid(
    `tableName must be 3 to 255 of A-Z a-z 0-9 . _ - or an ARN such as ` +
      `arn:aws:dynamodb:eu-central-1:111111111111:table/leases, not ${show(given)}`,
  );
}

function missing(given: unknown): string {
  const what = `tableName is ${given === undefined ? "undefined" : "empty"}`;
  const variable = LEASE_VARIABLES.tableName;
  if (process.env[variable]) {
    return `${what}, although ${variable} is set; pass process.env.${variable}`;
  }
  return (
    `${what}; was it to come from the environment variable ${variable}? That is not set here. Set it to a lease table's ` +
    "name or ARN; or give tableName or store"
  );
}
