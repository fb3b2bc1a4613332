import { parseShard } from "../core/group-options.ts";
import { parseKnown } from "../core/known.ts";
import { parseName, shardRow } from "../core/names.ts";
import { leaseKey } from "../dynamodb/expressions.ts";
import { parseTableName } from "../dynamodb/table-name.ts";

/** What a fence needs to know of a lease; a `Lease` will do. */
export interface Fencing {
  /** The lease's name; of a shard its group's. */
  readonly name: string;
  /**
   * Which shard of the group; a `Lease` of a group says it.
   * @default - none: a lease of its own
   */
  readonly shard?: string | undefined;
  /** The candidate's id. */
  readonly holder: string;
  /** The term's fencing token. */
  readonly token: number;
}

/** One element of `TransactItems` for a document client. */
export interface FenceCheck {
  readonly ConditionCheck: {
    readonly TableName: string;
    readonly Key: Record<string, string>;
    readonly ConditionExpression: string;
    readonly ExpressionAttributeNames: Record<string, string>;
    readonly ExpressionAttributeValues: Record<string, string | number>;
  };
}

/**
 * Makes the element that fences a `TransactWriteCommand` of lib-dynamodb: the whole transaction is refused
 * from the moment that another candidate is elected, or this one has released, on. Storage decides, so this
 * holds for paused processes and late packets too, with no assumption about clocks (I3).
 *
 * Of a shard it checks the shard's own row. So it refuses from the *claim* of a successor, and from the shard's own release, on: not
 * yet from the end of the session that the shard was held through.
 *
 * The lease table has to be in the transaction's account and region, and may not be a global table with
 * strong consistency, which knows no transactions.
 *
 * @throws {LeaseError} INVALID_ARGUMENT for an empty or oversized name of a lease or a shard, or without a table
 */
export function fenceCheck(options: {
  /** The lease table. */
  readonly tableName: string;
  /** The term to act for. */
  readonly lease: Fencing;
}): FenceCheck {
  parseKnown(options, { tableName: true, lease: true }, "fenceCheck");
  const { tableName, lease } = options;
  return {
    ConditionCheck: {
      TableName: parseTableName(tableName).tableName,
      Key: leaseKey(parseName(lease.name), rowOf(lease)),
      ConditionExpression: "#token = :token AND #holder = :holder",
      ExpressionAttributeNames: { "#token": "token", "#holder": "holder" },
      ExpressionAttributeValues: { ":token": lease.token, ":holder": lease.holder },
    },
  };
}

/**
 * The row that a term is on, under its lease's name; `undefined` for the lease's own.
 * @throws {LeaseError} INVALID_ARGUMENT for an empty or oversized name of a shard
 */
export function rowOf({ shard }: Pick<Fencing, "shard">): string | undefined {
  return shard === undefined ? undefined : shardRow(parseShard(shard, "lease.shard"));
}

/** How messages call the lease of a term. */
export function calledIn({ name, shard }: Pick<Fencing, "name" | "shard">): string {
  return shard === undefined ? `lease "${name}"` : `lease "${name}", shard "${shard}"`;
}
