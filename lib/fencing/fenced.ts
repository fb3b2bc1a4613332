import { DeleteCommand, PutCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { invalid, isLeaseError } from "../core/errors.ts";
import type { LeaseEvents } from "../core/events.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { parseName, parseText } from "../core/names.ts";
import { show } from "../core/timing.ts";
import { publish } from "../diagnostics/channels.ts";
import { MAX_TABLE_NAME_BYTES } from "../dynamodb/schema.ts";
import { type FenceableCommand, writeOf } from "./commands.ts";
import { type Fencing, rowOf } from "./fence-check.ts";
import {
  askedIn,
  askedInEach,
  explainMarked,
  explainMarkedTransaction,
  type Mark,
  markedTransaction,
  markedWrite,
} from "./mark.ts";
import { guardSending } from "./sending.ts";
import { explainTransaction, fencedTransaction, type Term } from "./transaction.ts";

/** What {@link fenced} needs to know of a lease; a `Lease` will do. */
export interface FencedTerm extends Fencing {
  /** The lease table, where the lease knows it. */
  readonly tableName?: string | undefined;
}

/** What the high-water mark mode needs to know: also of a term whose token came in a message. */
export type MarkedTerm = Pick<FencedTerm, "name" | "token"> & Partial<FencedTerm>;

/** Options of {@link fenced}. */
export interface FencedOptions {
  /**
   * Name (or ARN) of the lease table, for the transaction mode.
   * @default - the lease's own
   */
  readonly tableName?: string | undefined;
  /**
   * The attribute of each written item in which to keep the highest token that wrote it; `true` for `"fence"`.
   * @default - none: a transaction checks the lease row instead
   */
  readonly highWaterMark?: string | true | undefined;
}

/** Fences by the lease row: every write becomes a transaction that also checks the row. */
export type TransactionFence = (command: FenceableCommand) => TransactWriteCommand;

/** Fences by a mark in each item: every write stays what it is, with one condition more. */
export interface MarkFence {
  (command: PutCommand): PutCommand;
  (command: UpdateCommand): UpdateCommand;
  (command: DeleteCommand): DeleteCommand;
  (command: TransactWriteCommand): TransactWriteCommand;
}

/** The attribute that keeps the mark unless told otherwise. */
const DEFAULT_MARK = "fence";

/** Bytes: what an index would allow of an attribute's name. */
const MAX_MARK_BYTES = 255;

/**
 * Makes the function that turns a write of lib-dynamodb's document client into one that storage refuses once the
 * term is over: `await documents.send(fence(new PutCommand({ … })))`. No clock takes part, so this holds for paused
 * processes and late packets too.
 *
 * **Transaction mode**, the default: a condition on the lease row is appended to the `TransactWriteCommand`, or to one
 * made of the single write. Refused from the *election* of a successor on, before it has written anything, and
 * from the release on. (Of a shard it is the shard's own row: refused from a successor's claim on, not yet from the end of the session.)
 * Table and lease table must share account and region, and have transactions (no strongly
 * consistent global table). It costs twice the write units and needs `dynamodb:ConditionCheckItem` on the lease row.
 * Not to be had in a transaction: `ReturnValues`, and more than 99 items of your own. Transactions that check the
 * same lease row at the same time get in each other's way: write many items in few transactions, one after another.
 *
 * **High-water mark mode**, `{ highWaterMark: "fence" }`: each item keeps the highest token that wrote it, and refuses
 * lower ones. It needs nothing but the item, so it works in any table, region or account (but not across replicas
 * that agree eventually), at no extra cost, and with `ReturnValues`. Refused from the successor's *first write to that item* on: until then an older term still gets
 * through. A delete takes the mark along, after which an older term may create the item anew: write a tombstone
 * instead, or use the transaction mode. Every writer of the item has to be fenced by the same lease and attribute.
 *
 * Both: your own conditions, names and values are kept, and their failures reach you as they would unfenced (a single
 * write's `ConditionalCheckFailedException`; of a transaction the reasons, in the order of your items, and in the
 * transaction mode one more). A fenced write that fails, for whatever reason, advances no mark. A write that meets
 * another transaction (a renewal of the lease, say) is sent up to 6 times within about half a second, under one
 * `ClientRequestToken`; what the SDK says last is then passed on. A `ClientRequestToken` of your own is kept, and
 * belongs to this term: under another the check differs, and DynamoDB refuses to take it for the same request.
 *
 * The command that you give is neither changed nor sent, and middleware that you added to it is not carried along: add
 * it to the result. No client is changed. Send a result once more if you like; do not fence it again.
 *
 * What sending a fenced command throws beyond the SDK's errors: `LeaseError` `FENCED` when storage refused an older
 * term. Its message says who won, its `token` with which token, its `cause` is the SDK's error. Nothing was written
 * (in the high-water mark mode: not by this attempt; an earlier one of the SDK's own, whose answer got lost, may have
 * been applied before the winner's).
 *
 * Each refusal is published, too: the event `fenced` of `onLeaseEvent`.
 *
 * @throws {LeaseError} INVALID_ARGUMENT without a lease table, for a malformed term or option; from the returned
 *   function for a command that cannot be fenced (a batch, a plain `PutItemCommand`), naming the option that stands
 *   in the way and what to do
 */
export function fenced(
  lease: MarkedTerm,
  options: FencedOptions & { readonly highWaterMark: string | true },
): MarkFence;
export function fenced(
  lease: FencedTerm,
  options?: FencedOptions & { readonly highWaterMark?: undefined },
): TransactionFence;
export function fenced(lease: MarkedTerm, options: FencedOptions = {}): TransactionFence | MarkFence {
  parseKnown(options, { tableName: true, highWaterMark: true } satisfies Names<FencedOptions>, "fenced");
  const { highWaterMark, tableName = lease.tableName } = options;
  const name = parseName(lease.name, "lease.name");
  const { token, holder, shard } = lease;
  rowOf(lease); // To refuse what cannot be.
  if (!Number.isSafeInteger(token) || token < 1) {
    throw invalid(
      `lease.token must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, not ${show(token)}`,
    );
  }
  if (highWaterMark !== undefined) {
    const named = highWaterMark === true ? DEFAULT_MARK : highWaterMark;
    const attribute = parseText(named, "highWaterMark", MAX_MARK_BYTES);
    return ((command: FenceableCommand) =>
      byMark(command, { lease: name, shard, attribute, token }, holder)) as MarkFence;
  }
  if (tableName === undefined) {
    throw invalid(
      "tableName is missing: say in which table the lease is, or fence with the option highWaterMark",
    );
  }
  const term: Term = {
    name,
    shard,
    holder: parseText(holder, "lease.holder", MAX_HOLDER_ID_BYTES),
    token,
    tableName: parseText(tableName, "tableName", MAX_TABLE_NAME_BYTES),
  };
  return (command) => byLeaseRow(command, term);
}

/** A label and the random part of a candidate's id, with room. */
const MAX_HOLDER_ID_BYTES = 1_024;

/** Results of a fence. To fence one again would lose what the first fence had to say of its failures. */
const results = new WeakSet<object>();

function fresh(command: FenceableCommand): FenceableCommand {
  if (results.has(command)) throw invalid("the command is fenced already");
  return command;
}

function byLeaseRow(command: FenceableCommand, term: Term): TransactWriteCommand {
  const write = writeOf(fresh(command));
  const single = write.kind !== "TransactWrite";
  const transaction = new TransactWriteCommand(fencedTransaction(write, term));
  results.add(transaction);
  const { name: lease, holder, token } = term;
  const about = { lease, ...ofShard(term), holder, token, by: "lease-row" } as const;
  return guardSending(transaction, (error) => told(explainTransaction(error, term, single), about));
}

/** Publishes what an explained failure tells of the fence, and passes it on. */
function told(explained: unknown, about: Omit<LeaseEvents["fenced"], "winner">): unknown {
  if (isLeaseError(explained, "FENCED")) publish("fenced", { ...about, winner: explained.token });
  return explained;
}

/** Events of leases that are no shards have no shard. */
function ofShard({ shard }: Pick<Fencing, "shard">): Pick<Fencing, "shard"> {
  return shard === undefined ? {} : { shard };
}

function byMark(command: FenceableCommand, mark: Mark, holder: string | undefined): FenceableCommand {
  const write = writeOf(fresh(command));
  const { lease, token } = mark;
  const about = { lease, ...ofShard(mark), holder, token, by: "high-water-mark" } as const;
  if (write.kind === "TransactWrite") {
    const asked = askedInEach(write.input);
    const transaction = new TransactWriteCommand(markedTransaction(write.input, mark));
    results.add(transaction);
    return guardSending(transaction, (error, retried) =>
      told(explainMarkedTransaction(error, retried, mark, asked), about),
    );
  }
  const asked = askedIn(write.input);
  const marked = commandOf(markedWrite(write, mark));
  results.add(marked);
  return guardSending(marked, (error, retried) => told(explainMarked(error, retried, mark, asked), about));
}

function commandOf({
  kind,
  input,
}: ReturnType<typeof markedWrite>): PutCommand | UpdateCommand | DeleteCommand {
  switch (kind) {
    case "Put":
      return new PutCommand(input);
    case "Update":
      return new UpdateCommand(input);
    case "Delete":
      return new DeleteCommand(input);
    default:
      return kind satisfies never;
  }
}
