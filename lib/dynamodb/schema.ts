/**
 * The table format: what every program that contends for the same leases has to agree on, in whatever
 * language. The constructs provision it, the store reads and writes it.
 */
export const LEASE_TABLE_SCHEMA = {
  /** Partition key: the lease name, so that IAM's `dynamodb:LeadingKeys` can confine a function to its leases. */
  partitionKey: "pk",
  /** Sort key: which item under a lease name. */
  sortKey: "sk",
  /** Sort key value of the lease itself. Other values are auxiliary rows of a lease. */
  leaseSortKey: "lease",
  /** TTL attribute, epoch seconds. */
  ttlAttribute: "ttl",
} as const;

/** Longest name of a table in bytes: what the service takes of an ARN, which may stand for the name. */
export const MAX_TABLE_NAME_BYTES = 1_024;

/** Longest lease name in bytes of UTF-8: DynamoDB's limit for a partition key. */
export { MAX_NAME_BYTES } from "../core/names.ts";
/** The timings that a client uses unless told otherwise; constructs check schedules against them. */
export { DEFAULT_TIMING, recoveryBoundMs } from "../core/timing.ts";
