import { setTimeout as delay } from "node:timers/promises";
import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { invoiceKeys } from "../../../lambda/invoice-table.ts";
import { type Books, readBooks } from "../../../local/play/witness.ts";
import { type RowState, rowStateOf } from "../checks/row-history.ts";

/** The tables of a run, and the lease that it is about. */
export interface Tables {
  readonly leases: string;
  readonly invoices: string;
  readonly lease: string;
}

/** What the runner does to the tables itself, past every proxy. */
export class World {
  readonly #client: DynamoDBClient;
  readonly #documents: DynamoDBDocumentClient;
  readonly #tables: Tables;
  readonly #seen: RowState[] = [];
  #invoices = 0;

  constructor(client: DynamoDBClient, tables: Tables) {
    this.#client = client;
    this.#documents = DynamoDBDocumentClient.from(client);
    this.#tables = tables;
  }

  /** The row as it was seen, in order, each state once. */
  get seen(): readonly RowState[] {
    return this.#seen;
  }

  /** How many invoices have arrived. */
  get invoices(): number {
    return this.#invoices;
  }

  /** Lets one invoice arrive. Its id sorts behind all earlier ones. */
  async receiveInvoice(): Promise<void> {
    this.#invoices += 1;
    const id = String(this.#invoices).padStart(9, "0");
    const TableName = this.#tables.invoices;
    await this.#documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName, Item: invoiceKeys.invoice(id) } },
          { Put: { TableName, Item: invoiceKeys.pending(id) } },
        ],
      }),
    );
  }

  /** How many invoices wait for a number. */
  async pending(): Promise<number> {
    const { Count = 0 } = await this.#documents.send(
      new QueryCommand({
        TableName: this.#tables.invoices,
        KeyConditionExpression: "pk = :pending",
        ExpressionAttributeValues: { ":pending": invoiceKeys.pending("").pk },
        ConsistentRead: true,
        Select: "COUNT",
      }),
    );
    return Count;
  }

  /** Everything that was received and given. */
  books(): Promise<Books> {
    return readBooks(this.#client, this.#tables.invoices);
  }

  /** Looks at the lease's row. */
  async look(): Promise<RowState | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#tables.leases,
        Key: { pk: { S: this.#tables.lease }, sk: { S: "lease" } },
        ConsistentRead: true,
      }),
    );
    const state = rowStateOf(Item);
    if (state !== undefined && state.revision !== this.#seen.at(-1)?.revision) this.#seen.push(state);
    return state;
  }
}

/** Does something over and over, until the signal is aborted. */
export async function repeat(
  everyMs: () => number,
  signal: AbortSignal,
  what: () => Promise<unknown> | void,
): Promise<void> {
  while (!signal.aborted) {
    await what();
    await delay(everyMs(), undefined, { signal }).catch(() => {});
  }
}
