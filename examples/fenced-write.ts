import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { fenceCheck, type Lease } from "leasehold";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const tableName = process.env["LEASE_TABLE_NAME"] ?? "";

/** Writes an order, unless another candidate has been elected meanwhile: storage has the last word. */
export async function saveOrder(lease: Lease, id: string): Promise<void> {
  const put = { Put: { TableName: process.env["ORDER_TABLE_NAME"], Item: { pk: id, token: lease.token } } };
  await documents.send(new TransactWriteCommand({ TransactItems: [fenceCheck({ tableName, lease }), put] }));
}
