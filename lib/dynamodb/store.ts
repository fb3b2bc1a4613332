import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { invalid, LeaseError } from "../core/errors.ts";
import { parseText } from "../core/names.ts";
import { judgeRefusal, type ReadOutcome, type WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, LeaseStore, ListPage } from "../core/ports.ts";
import type { LeaseRecord } from "../core/record.ts";
import type { EpochMs } from "../core/units.ts";
import { AUXILIARY } from "../core/auxiliary-writes.ts";
import { applied } from "../core/execution.ts";
import type { LeaseWrite } from "../core/writes.ts";
import { type DateTap, tapDate } from "./date-header.ts";
import { leaseKey, updateOf } from "./expressions.ts";
import { failureOf } from "./failures.ts";
import { recordOf, recordsOf } from "./rows.ts";
import { LEASE_TABLE_SCHEMA, MAX_TABLE_NAME_BYTES } from "./schema.ts";
import { pastTransactions } from "./transaction-conflicts.ts";

/** Where a {@link DynamoDBLeaseStore} finds its table. */
export interface DynamoDBStoreOptions {
  /** Name (or ARN) of a lease table: one that `LeaseTable` provisions, or of the same format. */
  readonly tableName: string;
  /**
   * The SDK client to send with, plain or document. It is never destroyed and its configuration never
   * changed here.
   * @default - a new `DynamoDBClient` from the environment, destroyed by `destroy()`
   */
  readonly client?: DynamoDBClient | DynamoDBDocumentClient | undefined;
}

/**
 * Leases in a DynamoDB table: every write one conditional `UpdateItem`, every read one strong `GetItem`.
 *
 * Linearizable in one region and in an MRSC global table. **Not** in the replicas of an MREC one, where two
 * regions can both win.
 */
export class DynamoDBLeaseStore implements LeaseStore {
  /** The table's name, as given. */
  readonly tableName: string;
  // Plain commands pass through a document client unchanged. Wrapping the caller's client in a document
  // client of ours would instead overwrite its translation settings, which live in the shared configuration.
  readonly #client: DynamoDBClient;
  readonly #owned: boolean;

  /** @throws {LeaseError} INVALID_ARGUMENT without a table name, or with something that cannot send */
  constructor({ tableName, client }: DynamoDBStoreOptions) {
    parseText(tableName, "tableName", MAX_TABLE_NAME_BYTES);
    if (client !== undefined && typeof client?.send !== "function") {
      throw invalid("client must be a DynamoDB client of SDK 3");
    }
    this.tableName = tableName;
    this.#owned = client === undefined;
    this.#client = client ?? new DynamoDBClient({});
  }

  async write(write: LeaseWrite, { signal }: CallOptions): Promise<WriteOutcome> {
    const { ExpressionAttributeValues, Key, ...expressions } = updateOf(write);
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      ...expressions,
      Key: marshall(Key),
      ExpressionAttributeValues: marshalled(ExpressionAttributeValues, write.name),
      ReturnValues: "ALL_OLD",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const tap = tapDate(command);
    try {
      const send = () => this.#client.send(command, { abortSignal: signal });
      const { Attributes } = await pastTransactions(send, { signal });
      const before = recordOf(Attributes);
      const tokenBefore = before?.token ?? 0;
      return { kind: "written", record: applied(before, write), before, tokenBefore, servedAt: tap.servedAt };
    } catch (error) {
      return this.#writeFailed(error, write, tap);
    }
  }

  async read(name: string, call: CallOptions): Promise<ReadOutcome> {
    const command = new GetItemCommand({
      TableName: this.tableName,
      Key: marshall(leaseKey(name)),
      ConsistentRead: true,
    });
    const tap = tapDate(command);
    const { Item } = await this.#ask(this.#client.send(command, { abortSignal: call.signal }), name);
    return { record: recordOf(Item), servedAt: tap.servedAt };
  }

  async candidates(name: string, call: CallOptions): Promise<ListPage> {
    const { partitionKey, sortKey } = LEASE_TABLE_SCHEMA;
    const records: LeaseRecord[] = [];
    let servedAt: EpochMs | undefined;
    let from: Record<string, AttributeValue> | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.tableName,
        ConsistentRead: true,
        KeyConditionExpression: "#name = :name AND begins_with(#row, :row)",
        ExpressionAttributeNames: { "#name": partitionKey, "#row": sortKey },
        ExpressionAttributeValues: marshall({ ":name": name, ":row": AUXILIARY.candidate }),
        ExclusiveStartKey: from,
      });
      const tap = tapDate(command);
      const page = await this.#ask(this.#client.send(command, { abortSignal: call.signal }), name);
      records.push(...recordsOf(page.Items));
      servedAt = tap.servedAt;
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return { records, servedAt };
  }

  async *list(call: CallOptions): AsyncGenerator<ListPage, void, undefined> {
    let from: Record<string, AttributeValue> | undefined;
    do {
      const command = new ScanCommand({
        TableName: this.tableName,
        ConsistentRead: true,
        FilterExpression: "sk = :lease",
        ExpressionAttributeValues: { ":lease": { S: LEASE_TABLE_SCHEMA.leaseSortKey } },
        ExclusiveStartKey: from,
      });
      const tap = tapDate(command);
      const page = await this.#ask(this.#client.send(command, { abortSignal: call.signal }));
      yield { records: recordsOf(page.Items), servedAt: tap.servedAt };
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  /** Destroys the SDK client if this store made it. */
  destroy(): void {
    if (this.#owned) this.#client.destroy();
  }

  async #ask<Output>(sending: Promise<Output>, lease?: string): Promise<Output> {
    return sending.catch((error: unknown) => {
      throw failureOf(error, this.tableName, lease).error;
    });
  }

  #writeFailed(error: unknown, write: LeaseWrite, tap: DateTap): WriteOutcome {
    if (isRefusal(error)) {
      return judgeRefusal(write, recordOf(error.Item), tap.servedAt);
    }
    const failure = failureOf(error, this.tableName, write.name);
    if (failure.surelyNotApplied) throw failure.error;
    return { kind: "unknown", cause: failure.error };
  }
}

/** By name: a caller's client may come from another copy of the SDK. */
function isRefusal(error: unknown): error is Error & { readonly Item?: Record<string, AttributeValue> } {
  return error instanceof Error && error.name === "ConditionalCheckFailedException";
}

function marshalled(values: Record<string, unknown>, lease: string): Record<string, AttributeValue> {
  try {
    return marshall(values, { removeUndefinedValues: true });
  } catch (cause) {
    const message = `lease "${lease}": DynamoDB cannot store such a value (${String(cause)})`;
    throw new LeaseError("INVALID_ARGUMENT", message, { lease, cause });
  }
}
