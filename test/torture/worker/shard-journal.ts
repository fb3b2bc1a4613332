import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { fenced, type Lease } from "../../../lib/index.ts";

/** What the work of a shard writes down. */
export type What = "begin" | "step" | "end";

/** An entry of a shard's journal, as storage accepted it. */
export interface Entry {
  /** The shard. */
  readonly pk: string;
  /** The number, so that entries sort by it. */
  readonly sk: string;
  /** Counts up from 1, over all terms of the shard. */
  readonly number: number;
  readonly token: number;
  readonly holder: string;
  readonly what: What;
}

/** The journal of one shard: entries with the numbers 1, 2, 3 …, each written in a transaction that is fenced by the shard's row. */
export class ShardJournal {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #leaseTable: string;
  readonly #lease: Lease;
  /** The last number that is known to be taken; `undefined` when nobody can say. */
  #last: number | undefined;

  constructor(client: DynamoDBClient, table: string, leaseTable: string, lease: Lease) {
    this.#documents = DynamoDBDocumentClient.from(client);
    this.#table = table;
    this.#leaseTable = leaseTable;
    this.#lease = lease;
  }

  /** Writes one entry. A write without a clear answer makes the next one read the journal first. */
  async write(what: What): Promise<void> {
    const { shard: pk = "", token, holder } = this.#lease;
    const number = (this.#last ?? (await this.#readLast(pk))) + 1;
    this.#last = undefined;
    const Item: Entry = { pk, sk: String(number).padStart(9, "0"), number, token, holder, what };
    const Put = { TableName: this.#table, Item, ConditionExpression: "attribute_not_exists(pk)" };
    const entry = new TransactWriteCommand({ TransactItems: [{ Put }] });
    await this.#documents.send(fenced(this.#lease, { tableName: this.#leaseTable })(entry));
    this.#last = number;
  }

  async #readLast(shard: string): Promise<number> {
    const { Items } = await this.#documents.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: "pk = :shard",
        ExpressionAttributeValues: { ":shard": shard },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 1,
      }),
    );
    return (Items?.[0] as Entry | undefined)?.number ?? 0;
  }
}
