import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { LOCAL_AWS } from "../../local/engine.ts";

/** Creates a lease table whose stream has both images. */
export async function createStreamedTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName: name });
}

/** Reads all that a table's stream has, oldest first, as a pipe would hand it on. */
export async function readStream(client: DynamoDBClient, endpoint: string, name: string): Promise<object[]> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  const StreamArn = Table?.LatestStreamArn;
  const streams = new DynamoDBStreamsClient({ endpoint, ...LOCAL_AWS });
  try {
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    const records: _Record[] = [];
    for (const { ShardId } of StreamDescription?.Shards ?? []) {
      const from = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" } as const;
      let { ShardIterator } = await streams.send(new GetShardIteratorCommand(from));
      while (ShardIterator !== undefined) {
        const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
        records.push(...(page.Records ?? []));
        ShardIterator = page.Records?.length === 0 ? undefined : page.NextShardIterator;
      }
    }
    return records.map(asPiped);
  } finally {
    streams.destroy();
  }
}

/** The SDK makes a `Date` of the epoch seconds that the service sends, and pipes hand on as they are. */
function asPiped({ dynamodb, ...record }: _Record): object {
  const created = dynamodb?.ApproximateCreationDateTime;
  const ApproximateCreationDateTime = created && Math.floor(created.getTime() / 1_000);
  return JSON.parse(JSON.stringify({ ...record, dynamodb: { ...dynamodb, ApproximateCreationDateTime } }));
}
