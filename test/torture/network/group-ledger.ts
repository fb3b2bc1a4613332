import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { AUXILIARY } from "../../../lib/core/names.ts";
import type { Exchange } from "../../../local/harness/link.ts";
import { parse, TRANSACTION } from "../../../local/harness/transactions.ts";
import type { Revoked } from "../checks/group-history.ts";
import { type GivenNumber, rowName } from "../checks/history.ts";
import { RowHistory, rowStateOf } from "../checks/row-history.ts";

/** Nothing counted yet. */
export const NO_GROUP_WRITES = {
  /** Writes of the rows of sessions. */
  sessionAccepted: 0,
  sessionRefused: 0,
  /** Writes of the rows of shards and permits. */
  shardAccepted: 0,
  shardRefused: 0,
  /** Of all those, writes that came when their sender had given up, or once more. */
  lateAccepted: 0,
  lateRefused: 0,
  /** Sessions that somebody else ended, by evidence. */
  buried: 0,
  /** Requests to look again, and requests to hand over. */
  rung: 0,
  requested: 0,
  /** Entries of shards' journals, each in a fenced transaction. */
  entries: 0,
  /** Transactions that the fence refused: writes of a term that was over. */
  staleRejected: 0,
};

/** How the engine judged the writes of a group that reached it. */
export type GroupWriteCounts = typeof NO_GROUP_WRITES;

type Item = Record<string, AttributeValue>;

/** What the ledger reads of requests and answers. */
interface Body {
  readonly TableName?: string;
  readonly Key?: Item;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
  readonly ClientRequestToken?: string;
  readonly TransactItems?: readonly { readonly Put?: { readonly Item?: Item } }[];
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
  readonly Attributes?: Item;
  readonly Item?: Item;
  readonly __type?: string;
}

/** Whoever asks hands over is no worker: what it vacates, it vacates by force. */
export const OPERATOR = "operator";

/**
 * Keeps account of what the engine itself said about a group and a semaphore, to whomever: the past of every row, the entries that it
 * took, and how much each worker asked of it.
 */
export class GroupLedger {
  readonly counts: GroupWriteCounts = { ...NO_GROUP_WRITES };
  /** The past of each row, by {@link rowName}. */
  readonly rows = new Map<string, RowHistory>();
  /** Terms that an operator ended. */
  readonly revoked: Revoked[] = [];
  /** How many requests of each worker about the group have reached the engine; those of its job and about permits are left out. */
  readonly requests = new Map<string, number>();
  readonly #leaseTable: string;
  readonly #group: string;
  readonly #given = new Map<string, GivenNumber & { readonly row: string }>();
  readonly #staleSeen = new Set<string>();

  constructor(leaseTable: string, group: string) {
    this.#leaseTable = leaseTable;
    this.#group = group;
  }

  /** The entries that storage accepted, each once, with the row that fenced them. */
  get given(): readonly (GivenNumber & { readonly row: string })[] {
    return [...this.#given.values()];
  }

  /** The past of a row; an empty one for a row that was never written. */
  row(name: string): RowHistory {
    const known = this.rows.get(name);
    if (known !== undefined) return known;
    const made = new RowHistory();
    this.rows.set(name, made);
    return made;
  }

  /** Takes down one exchange of somebody with the engine. */
  note(sender: string, exchange: Exchange): void {
    if (exchange.operation === TRANSACTION) return this.#noteTransaction(exchange);
    const asked = parse<Body>(exchange.request);
    if (asked.TableName !== this.#leaseTable) return;
    const name = asked.Key?.["pk"]?.S ?? asked.ExpressionAttributeValues?.[":name"]?.S;
    if (name === this.#group) this.requests.set(sender, (this.requests.get(sender) ?? 0) + 1);
    const sortKey = asked.Key?.["sk"]?.S;
    if (name === undefined || sortKey === undefined) return;
    const row = rowName(name, sortKey);
    const answer = parse<Body>(exchange.answer);
    if (exchange.operation === "GetItem") this.row(row).saw(rowStateOf(answer.Item), exchange.answeredAt);
    else if (exchange.operation === "UpdateItem") {
      this.#noteWrite({
        sender,
        row,
        sortKey,
        exchange,
        answer,
        names: asked.ExpressionAttributeNames ?? {},
      });
    }
  }

  #noteWrite({ sender, row, sortKey, exchange, answer, names }: Write): void {
    const { arrival, answeredAt, status } = exchange;
    const late = arrival === "in time" ? 0 : 1;
    const of = sortKey.startsWith(AUXILIARY.session) ? "session" : "shard";
    if (status === 200) {
      this.counts[`${of}Accepted`] += 1;
      this.counts.lateAccepted += late;
      const before = rowStateOf(answer.Attributes);
      // Requests to look, and to hand over, leave the revision alone.
      if (!Object.values(names).includes("revision")) {
        this.counts[of === "session" ? "rung" : "requested"] += 1;
        return this.row(row).saw(before, answeredAt);
      }
      this.row(row).wrote(before, answeredAt);
      if (of === "session" && !sortKey.slice(AUXILIARY.session.length).startsWith(sender))
        this.counts.buried += 1;
      if (sender === OPERATOR && before?.holder !== undefined) {
        const { holder, token } = before;
        this.revoked.push({ row, holder, token, at: exchange.forwardedAt });
      }
    } else if (answer.__type?.endsWith("ConditionalCheckFailedException")) {
      this.counts[`${of}Refused`] += 1;
      this.counts.lateRefused += late;
      this.row(row).saw(rowStateOf(answer.Item), answeredAt);
    }
  }

  /** An engine answers a retry or a duplicate of an accepted transaction with 200 and applies nothing. */
  #noteTransaction(exchange: Exchange): void {
    const { TransactItems, ClientRequestToken } = parse<Body>(exchange.request);
    const entry = TransactItems?.[0]?.Put?.Item;
    if (entry === undefined) return;
    const { pk: shard, token, holder, number } = unmarshall(entry, { wrapNumbers: Number });
    const row = rowName(this.#group, `${AUXILIARY.shard}${shard}`);
    const id = ClientRequestToken ?? `${row}#${token}#${number}`;
    if (exchange.status === 200) {
      const before = this.#given.get(id);
      if (before === undefined) this.counts.entries += 1;
      const forwardedAt = Math.min(exchange.forwardedAt, before?.forwardedAt ?? Infinity);
      this.#given.set(id, { row, token, holder, number, forwardedAt });
      return;
    }
    // The fence is the last of the conditions; the one before it says that the number is taken.
    const reasons = parse<Body>(exchange.answer).CancellationReasons;
    if (reasons?.at(-1)?.Code !== "ConditionalCheckFailed") return;
    if (!this.#staleSeen.has(id)) this.counts.staleRejected += 1;
    this.#staleSeen.add(id);
  }
}

/** A write of a row, and what came of it. */
interface Write {
  readonly sender: string;
  readonly row: string;
  readonly sortKey: string;
  readonly exchange: Exchange;
  readonly answer: Partial<Body>;
  readonly names: Readonly<Record<string, string>>;
}
