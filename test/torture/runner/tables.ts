import { randomUUID } from "node:crypto";
import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { invoiceKeys } from "../../../lambda/invoice-table.ts";
import { deleteTable } from "../../../local/tables.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import { type RowState, rowStateOf } from "../checks/row-history.ts";

/** The tables of one election, and what the runner does to them itself, past every link. */
export class ElectionTables implements AsyncDisposable {
  readonly leases: string;
  readonly invoices: string;
  /** The lease's row as it was seen, in order, each state once. */
  readonly seen: RowState[] = [];
  /** How many invoices have arrived. */
  received = 0;
  readonly #client: DynamoDBClient;
  readonly #lease: string;

  private constructor(client: DynamoDBClient, lease: string) {
    const run = randomUUID().slice(0, 8);
    this.#client = client;
    this.#lease = lease;
    this.leases = `leases-${lease}-${run}`;
    this.invoices = `invoices-${lease}-${run}`;
  }

  /** Creates the tables of an election over one lease. */
  static async create(client: DynamoDBClient, lease: string): Promise<ElectionTables> {
    const tables = new ElectionTables(client, lease);
    await createLeaseTable(client, tables.leases);
    await createLeaseTable(client, tables.invoices);
    return tables;
  }

  /** Deletes them: an engine that was found running is left as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.leases, this.invoices]) {
      // A terminal's Ctrl-C ends the engine, too, and its tables with it.
      await deleteTable(this.#client, { name }).catch(() => {});
    }
  }

  /** Lets one invoice arrive. Its id sorts behind all earlier ones. */
  async receiveInvoice(): Promise<void> {
    this.received += 1;
    const id = String(this.received).padStart(9, "0");
    const items = [invoiceKeys.invoice(id), invoiceKeys.pending(id)];
    await DynamoDBDocumentClient.from(this.#client).send(
      new TransactWriteCommand({
        TransactItems: items.map((Item) => ({ Put: { TableName: this.invoices, Item } })),
      }),
    );
  }

  /** Looks at the lease's row. */
  async look(): Promise<RowState | undefined> {
    const Key = { pk: { S: this.#lease }, sk: { S: "lease" } };
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.leases, Key, ConsistentRead: true }),
    );
    const state = rowStateOf(Item);
    if (state !== undefined && state.revision !== this.seen.at(-1)?.revision) this.seen.push(state);
    return state;
  }
}
