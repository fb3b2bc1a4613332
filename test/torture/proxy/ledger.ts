import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { invoiceKeys } from "../../../lambda/invoice-table.ts";
import { type RowHistory, rowStateOf } from "../checks/row-history.ts";
import type { GivenNumber } from "../checks/history.ts";
import { type Message, operationOf, statusOf } from "./http-messages.ts";

/** One request that reached the engine, and its answer. */
export interface Exchanged {
  readonly request: Message;
  readonly answer: Message;
  /** Whether its sender was still waiting for it, had given up, or has had its answer before. */
  readonly arrival: "in time" | "late" | "duplicate";
  /** When it went on to the engine and when the answer came back, by this machine's monotonic clock. */
  readonly forwardedAt: number;
  readonly answeredAt: number;
}

/** How the engine judged the writes that reached it. */
export interface WriteCounts {
  /** Writes of the lease's row. */
  leaseAccepted: number;
  leaseRefused: number;
  /** Of those, writes that came when their sender had given up, or once more. */
  lateAccepted: number;
  lateRefused: number;
  /** Numbers given, each in a fenced transaction. */
  numbersGiven: number;
  /** Transactions that the fence refused: writes of a term that was over. */
  staleRejected: number;
}

/** Nothing counted yet. */
export const NO_WRITES: Readonly<WriteCounts> = {
  leaseAccepted: 0,
  leaseRefused: 0,
  lateAccepted: 0,
  lateRefused: 0,
  numbersGiven: 0,
  staleRejected: 0,
};

type Item = Record<string, AttributeValue>;

/** What the ledger reads of requests and answers. */
interface Body {
  readonly TableName?: string;
  readonly ClientRequestToken?: string;
  readonly TransactItems?: readonly { readonly Put?: { readonly Item?: Item } }[];
  readonly Attributes?: Item;
  readonly Item?: Item;
  readonly __type?: string;
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

/**
 * Keeps account of what the engine itself said, to whomever. The lease's history comes from here: every accepted
 * write answers with the row that it found, so the answers line up to the row's whole past, in its own order.
 */
export class Ledger {
  readonly counts: WriteCounts = { ...NO_WRITES };
  readonly #row: RowHistory;
  readonly #leaseTable: string;
  readonly #given = new Map<string, GivenNumber>();
  readonly #staleSeen = new Set<string>();

  constructor(row: RowHistory, leaseTable: string) {
    this.#row = row;
    this.#leaseTable = leaseTable;
  }

  /** The numbers that storage accepted, each once. */
  get given(): readonly GivenNumber[] {
    return [...this.#given.values()];
  }

  /** Takes down one exchange with the engine. */
  note(exchange: Exchanged): void {
    const operation = operationOf(exchange.request.head);
    if (!["UpdateItem", "GetItem", "TransactWriteItems"].includes(operation)) return;
    const request = JSON.parse(exchange.request.body.toString("utf8")) as Body;
    const answer = JSON.parse(exchange.answer.body.toString("utf8")) as Body;
    const ok = statusOf(exchange.answer.head) === 200;
    if (operation === "TransactWriteItems") this.#noteTransaction(exchange, request, answer, ok);
    else if (request.TableName !== this.#leaseTable) return;
    else if (operation === "GetItem") this.#row.saw(rowStateOf(answer.Item), exchange.answeredAt);
    else this.#noteLeaseWrite(exchange, answer, ok);
  }

  #noteLeaseWrite({ arrival, answeredAt }: Exchanged, answer: Body, ok: boolean): void {
    const late = arrival !== "in time";
    if (ok) {
      this.counts.leaseAccepted += 1;
      if (late) this.counts.lateAccepted += 1;
      this.#row.wrote(rowStateOf(answer.Attributes), answeredAt);
    } else if (answer.__type?.endsWith("ConditionalCheckFailedException")) {
      this.counts.leaseRefused += 1;
      if (late) this.counts.lateRefused += 1;
      this.#row.saw(rowStateOf(answer.Item), answeredAt);
    }
  }

  /** An engine answers a retry or a duplicate of an accepted transaction with 200 and applies nothing. */
  #noteTransaction({ forwardedAt }: Exchanged, request: Body, answer: Body, ok: boolean): void {
    const puts = request.TransactItems?.map(({ Put }) => Put?.Item);
    const assignment = puts?.find((item) => item?.["pk"]?.S === invoiceKeys.assignment("", 0).pk);
    if (assignment === undefined) return;
    const { token, executionId: holder, number } = unmarshall(assignment, { wrapNumbers: Number });
    const id = request.ClientRequestToken ?? `${token}#${number}`;
    if (ok) {
      const before = this.#given.get(id);
      if (before === undefined) this.counts.numbersGiven += 1;
      const since = Math.min(forwardedAt, before?.forwardedAt ?? Infinity);
      this.#given.set(id, { token, holder, number, forwardedAt: since });
    } else if (answer.CancellationReasons?.some(({ Code }) => Code === "ConditionalCheckFailed")) {
      if (!this.#staleSeen.has(id)) this.counts.staleRejected += 1;
      this.#staleSeen.add(id);
    }
  }
}
