/** The table format and the DynamoDB store, for those who build beside the client. */
export { DEFAULT_TIMING, LEASE_TABLE_SCHEMA, MAX_NAME_BYTES, recoveryBoundMs } from "./dynamodb/schema.ts";
export { DynamoDBLeaseStore, type DynamoDBStoreOptions } from "./dynamodb/store.ts";
export { type FenceCheck, type Fencing, fenceCheck } from "./fencing/fence-check.ts";
