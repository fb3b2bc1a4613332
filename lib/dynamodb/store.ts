import {
  type $Command,
  type AttributeValue,
  DynamoDBClient,
  type DynamoDBClientResolvedConfig,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  type ScanCommandOutput,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { invalid } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { judgeRefusal, type ReadOutcome, type WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, LeaseStore, ListPage, RowsPage } from "../core/ports.ts";
import type { EpochMs } from "../core/units.ts";
import { applied } from "../core/execution.ts";
import { storableValue } from "../core/value.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import { type DateTap, tapDate } from "./date-header.ts";
import { rowKey, updateOf } from "./expressions.ts";
import { failureOf, isClockSkew, tapThrottling } from "./failures.ts";
import { recordOf, recordsOf, rowOf, sound } from "./rows.ts";
import { LEASE_TABLE_SCHEMA } from "./schema.ts";
import { parseTableName } from "./table-name.ts";
import { isConflict, pastTransactions } from "./transaction-conflicts.ts";

/** Where a {@link DynamoDBLeaseStore} finds its table. */
export interface DynamoDBStoreOptions {
  /**
   * Name or ARN of a lease table: one that `LeaseTable` provisions, or of the same format. With an ARN, requests go to
   * the ARN's region; a `client` of another region is refused by the first request.
   */
  readonly tableName: string;
  /**
   * The SDK client to send with, plain or document. It is never destroyed and its configuration never
   * changed here.
   * @default - a new `DynamoDBClient` from the environment, for the region of an ARN, destroyed by `destroy()`
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
  /** The region that a caller's client has yet to be seen to talk to. */
  #expectedRegion: string | undefined;

  /** @throws {LeaseError} INVALID_ARGUMENT without a table name, or with something that cannot send */
  constructor(options: DynamoDBStoreOptions) {
    parseKnown(options, { tableName: true, client: true } satisfies Names<DynamoDBStoreOptions>, "the store");
    const { tableName: given, client } = options ?? {};
    const { tableName, region } = parseTableName(given);
    if (client !== undefined && typeof client?.send !== "function") {
      throw invalid("client must be a DynamoDB client of SDK 3");
    }
    this.tableName = tableName;
    this.#owned = client === undefined;
    this.#client = client ?? new DynamoDBClient(region === undefined ? {} : { region });
    this.#expectedRegion = this.#owned ? undefined : region;
  }

  /** @throws {LeaseError} INVALID_ARGUMENT with a client that talks to another region than the table's ARN names */
  async write(asked: LeaseWrite, call: CallOptions): Promise<WriteOutcome> {
    const { value } = asked.set;
    // What would come back as something else is refused before the SDK makes that of it.
    const write: LeaseWrite =
      value === undefined
        ? asked
        : { ...asked, set: { ...asked.set, value: storableValue(value, asked.name) } };
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      ...updateOf(write),
      ReturnValues: "ALL_OLD",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const tap = tapDate(command);
    if (call.paced === true) tapThrottling(command, tap);
    try {
      const { Attributes } = await pastTransactions(() => this.#send(command, call, tap), call);
      const before = recordOf(Attributes);
      const tokenBefore = before?.token ?? 0;
      return { kind: "written", record: applied(before, write), tokenBefore, servedAt: tap.servedAt };
    } catch (error) {
      return this.#writeFailed(tap.throttled ?? error, write, tap, call);
    }
  }

  async read(name: string, call: CallOptions, row?: string): Promise<ReadOutcome> {
    const command = new GetItemCommand({
      TableName: this.tableName,
      Key: rowKey(name, row),
      ConsistentRead: true,
    });
    const { output, servedAt } = await this.#ask(command, call, name);
    return { record: sound(rowOf(output.Item), this.tableName), servedAt };
  }

  async rows(name: string, prefix: string, call: CallOptions, after?: string): Promise<RowsPage> {
    const { partitionKey, sortKey } = LEASE_TABLE_SCHEMA;
    const { attributes } = call;
    const isAll = prefix === "";
    const projected = attributes && [partitionKey, sortKey, ...attributes];
    const command = new QueryCommand({
      TableName: this.tableName,
      ConsistentRead: true,
      KeyConditionExpression: isAll ? "#name = :name" : "#name = :name AND begins_with(#row, :row)",
      ExpressionAttributeNames: {
        "#name": partitionKey,
        ...(!isAll && { "#row": sortKey }),
        ...Object.fromEntries((projected ?? []).map((attribute) => [`#${attribute}`, attribute])),
      },
      ExpressionAttributeValues: { ":name": { S: name }, ...(!isAll && { ":row": { S: prefix } }) },
      ProjectionExpression: projected?.map((attribute) => `#${attribute}`).join(", "),
      ExclusiveStartKey: after === undefined ? undefined : rowKey(name, after),
    });
    const { output, servedAt } = await this.#ask(command, call, name);
    return { records: recordsOf(output.Items), servedAt, next: output.LastEvaluatedKey?.[sortKey]?.S };
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
      const { output, servedAt }: Asked<ScanCommandOutput> = await this.#ask(command, call);
      yield { records: recordsOf(output.Items), servedAt };
      from = output.LastEvaluatedKey;
    } while (from !== undefined);
  }

  /** Destroys the SDK client if this store made it. */
  destroy(): void {
    if (this.#owned) this.#client.destroy();
  }

  /** A client's region may be looked up, so it is not known before there is something to send. */
  async #checkRegion(): Promise<void> {
    const expected = this.#expectedRegion;
    // Where none can be found, the request itself will say so.
    const region = await this.#client.config?.region?.().catch(() => undefined);
    if (region !== undefined && region !== expected) {
      throw invalid(
        `client talks to ${region}, but tableName is the ARN of a table in ${expected}; give a client for ${expected}, ` +
          "or leave client out",
      );
    }
    this.#expectedRegion = undefined;
  }

  /**
   * Sends once more what was refused because this machine's clock had signed it: nothing was applied, and from the refusal the SDK
   * has learnt the offset by which it signs from then on. Notes that, and that a transaction was in the way, in the tap.
   */
  async #send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Sendable<I, O>,
    { signal }: CallOptions,
    tap: DateTap,
  ): Promise<O> {
    if (this.#expectedRegion !== undefined) await this.#checkRegion();
    const how = { abortSignal: signal };
    tap.response = undefined;
    try {
      return await this.#client.send(command, how);
    } catch (error) {
      const skewed = isClockSkew(error);
      if (!skewed && !isConflict(error)) throw error;
      // What kept the SDK from signing may say the same, of another service's clock.
      if (tap.response !== undefined) tap.resent += 1;
      if (!skewed || signal.aborted) throw error;
      tap.response = undefined;
      return this.#client.send(command, how);
    }
  }

  /** Reads. */
  async #ask<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Sendable<I, O>,
    call: CallOptions,
    lease?: string,
  ): Promise<Asked<O>> {
    const tap = tapDate(command);
    const output = await this.#send(command, call, tap).catch((error: unknown) => {
      throw failureOf(error, this.tableName, lease, tap).error;
    });
    return { output, servedAt: tap.servedAt };
  }

  async #writeFailed(
    error: unknown,
    write: LeaseWrite,
    tap: DateTap,
    call: CallOptions,
  ): Promise<WriteOutcome> {
    if (isRefusal(error)) {
      const row = rowOf(error.Item);
      const outcome = judgeRefusal(write, row?.record, tap.servedAt);
      const concerns = (attribute: string): boolean =>
        write.beginsTerm || attribute === "writeId" || attribute in write.expects;
      if (outcome.kind === "refused") sound(row, this.tableName, concerns);
      return outcome;
    }
    const failure = failureOf(error, this.tableName, write.name, tap);
    // What the service could not add up it does not name: the row tells.
    if (failure.error.code === "RECORD_INVALID") await this.read(write.name, call, write.row);
    if (failure.surelyNotApplied) throw failure.error;
    const { error: cause, answered } = failure;
    // Each attempt that was begun is counted before it is sent: one that nobody has answered yet is none of those that were refused.
    return { kind: "unknown", cause, answered, unapplied: call.paced && answered && tap.sent <= tap.resent };
  }
}

/** A command of the SDK. */
type Sendable<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  DynamoDBClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** What a read was answered. */
interface Asked<Output> {
  readonly output: Output;
  readonly servedAt: EpochMs | undefined;
}

/** By name: a caller's client may come from another copy of the SDK. */
function isRefusal(error: unknown): error is Error & { readonly Item?: Record<string, AttributeValue> } {
  return error instanceof Error && error.name === "ConditionalCheckFailedException";
}
