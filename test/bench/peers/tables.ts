import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createLeaseTable, createTable } from "../../support/lease-tables.ts";

/** The tables of those that keep their locks in DynamoDB. */
export const TABLES = {
  ours: "bench-leases",
  deliveryHero: "bench-delivery-hero",
  failOpen: "bench-fail-open",
  failClosed: "bench-fail-closed",
} as const;

/** Creates them, each with the keys that it is read with. */
export async function createTables(client: DynamoDBClient): Promise<void> {
  await createLeaseTable(client, TABLES.ours);
  await createTable(client, TABLES.deliveryHero, "lockId", "lockGroup");
  await createTable(client, TABLES.failOpen, "id", undefined);
  await createTable(client, TABLES.failClosed, "id", undefined);
}
