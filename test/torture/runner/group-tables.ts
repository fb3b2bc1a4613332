import { randomUUID } from "node:crypto";
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { paginateQuery } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { shardRow } from "../../../lib/core/names.ts";
import { deleteTable } from "../../../local/tables.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import type { JournalEntry } from "../checks/group-history.ts";
import { rowName } from "../checks/history.ts";
import { type RowState, rowStateOf } from "../checks/row-history.ts";
import type { Entry } from "../worker/shard-journal.ts";

/** The tables of a group, and how the runner reads them itself, past every link. */
export class GroupTables implements AsyncDisposable {
  readonly leases: string;
  readonly journals: string;
  /** Each row as it was seen, in order, each state once. */
  readonly seen = new Map<string, RowState[]>();
  readonly #client: DynamoDBClient;
  readonly #names: readonly string[];

  private constructor(client: DynamoDBClient, names: readonly string[]) {
    const run = randomUUID().slice(0, 8);
    this.#client = client;
    this.#names = names;
    this.leases = `leases-groups-${run}`;
    this.journals = `journals-${run}`;
  }

  /** Creates the tables for groups of these names. */
  static async create(client: DynamoDBClient, names: readonly string[]): Promise<GroupTables> {
    const tables = new GroupTables(client, names);
    await createLeaseTable(client, tables.leases);
    await createLeaseTable(client, tables.journals);
    return tables;
  }

  /** Deletes them: an engine that was found running is left as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.leases, this.journals]) {
      // A terminal's Ctrl-C ends the engine, too, and its tables with it.
      await deleteTable(this.#client, { name }).catch(() => {});
    }
  }

  /** Looks at every row. */
  async look(): Promise<ReadonlyMap<string, RowState>> {
    const found = new Map<string, RowState>();
    for (const name of this.#names)
      for (const item of await this.#rowsOf(name)) {
        const state = rowStateOf(item);
        if (state !== undefined) found.set(rowName(name, item["sk"]?.S ?? ""), state);
      }
    for (const [row, state] of found) {
      const seen = this.seen.get(row) ?? [];
      if (seen.length === 0) this.seen.set(row, seen);
      if (state.revision !== seen.at(-1)?.revision) seen.push(state);
    }
    return found;
  }

  /** Reads the journals of a group's shards. */
  async readJournals(group: string): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    const client = DynamoDBDocumentClient.from(this.#client);
    for await (const page of paginateScan({ client }, { TableName: this.journals, ConsistentRead: true })) {
      for (const item of page.Items ?? []) {
        const { pk, number, token, what } = item as Entry;
        entries.push({ row: rowName(group, shardRow(pk)), number, token, what });
      }
    }
    return entries;
  }

  async #rowsOf(name: string): Promise<Record<string, AttributeValue>[]> {
    const query = {
      TableName: this.leases,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: name } },
      ConsistentRead: true,
    };
    const items: Record<string, AttributeValue>[] = [];
    for await (const page of paginateQuery({ client: this.#client }, query))
      items.push(...(page.Items ?? []));
    return items;
  }
}
