/** The table format and the DynamoDB store, for those who build beside the client. */
export { type FenceCheck, type Fencing, fenceCheck } from "./fence-check.ts";
export { DEFAULT_TIMING, LEASE_TABLE_SCHEMA, MAX_NAME_BYTES, recoveryBoundMs } from "./schema.ts";
export { DynamoDBLeaseStore, type DynamoDBStoreOptions } from "./store.ts";
