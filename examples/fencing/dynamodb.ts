import {
  type DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { fenced, type Lease } from "leasehold";

const TableName = "orders";

/** Writes an order: refused from the election of a successor on, before the successor has written anything. */
export async function saveOrder(documents: DynamoDBDocumentClient, lease: Lease, id: string): Promise<void> {
  const fence = fenced(lease);
  await documents.send(fence(new PutCommand({ TableName, Item: { pk: id, state: "open" } })));
}

/** Writes several items at once, under one check: cheaper than one by one, and all or nothing. */
export async function closeOrders(
  documents: DynamoDBDocumentClient,
  lease: Lease,
  ids: readonly string[], // 99 at most: the check is the hundredth
): Promise<void> {
  const fence = fenced(lease);
  const closed = {
    UpdateExpression: "SET #state = :closed",
    ExpressionAttributeNames: { "#state": "state" },
  };
  const TransactItems = ids.map((pk) => ({
    Update: { TableName, Key: { pk }, ...closed, ExpressionAttributeValues: { ":closed": "closed" } },
  }));
  await documents.send(fence(new TransactWriteCommand({ TransactItems })));
}

/** Writes to a table of another region: refused from the successor's first write to the same item on. */
export async function countOrder(
  elsewhere: DynamoDBDocumentClient,
  lease: Lease,
  day: string,
): Promise<number> {
  const fence = fenced(lease, { highWaterMark: "fence" });
  const { Attributes } = await elsewhere.send(
    fence(
      new UpdateCommand({
        TableName,
        Key: { pk: day },
        UpdateExpression: "ADD orders :one",
        ExpressionAttributeValues: { ":one": 1 },
        ReturnValues: "UPDATED_NEW",
      }),
    ),
  );
  return Attributes?.["orders"] as number;
}
