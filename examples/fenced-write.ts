import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { fenced, type Lease } from "leasehold";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env["ORDER_TABLE_NAME"];

/** Writes an order, unless another candidate has been elected meanwhile: storage has the last word. */
export async function saveOrder(lease: Lease, id: string): Promise<void> {
  const fence = fenced(lease);
  await documents.send(fence(new PutCommand({ TableName, Item: { pk: id, token: lease.token } })));
}
