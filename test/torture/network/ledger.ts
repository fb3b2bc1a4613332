import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { invoiceKeys } from "../../../lambda/invoice-table.ts";
import type { Exchange } from "../../../local/harness/link.ts";
import { parse, TRANSACTION, transactionOutcome } from "../../../local/harness/transactions.ts";
import { type RowHistory, rowStateOf } from "../checks/row-history.ts";
import type { GivenNumber } from "../checks/history.ts";

/** Nothing counted yet. */
export const NO_WRITES = {
  /** Writes of the lease's row. */
  leaseAccepted: 0,
  leaseRefused: 0,
  /** Of those, writes that came when their sender had given up, or once more. */
  lateAccepted: 0,
  lateRefused: 0,
  /** Numbers given, each in a fenced transaction. */
  numbersGiven: 0,
  /** Transactions that the fence refused: writes of a term that was over. */
  staleRejected: 0,
};

/** How the engine judged the writes that reached it. */
export type WriteCounts = typeof NO_WRITES;

type Item = Record<string, AttributeValue>;

/** What the ledger reads of requests and answers. */
interface Body {
  readonly TableName?: string;
  readonly Key?: Item;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ClientRequestToken?: string;
  readonly TransactItems?: readonly { readonly Put?: { readonly Item?: Item } }[];
  readonly Attributes?: Item;
  readonly Item?: Item;
  readonly __type?: string;
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
  note(exchange: Exchange): void {
    const { operation, answeredAt } = exchange;
    if (operation === TRANSACTION) return this.#noteTransaction(exchange);
    if (operation !== "UpdateItem" && operation !== "GetItem") return;
    const { TableName, Key, ExpressionAttributeNames: names } = parse<Body>(exchange.request);
    // Beside the lease's own row there are those of the candidates that stand.
    if (TableName !== this.#leaseTable || Key?.["sk"]?.S !== "lease") return;
    const answer = parse<Body>(exchange.answer);
    if (operation === "GetItem") this.#row.saw(rowStateOf(answer.Item), answeredAt);
    else this.#noteLeaseWrite(exchange, answer, !Object.values(names ?? {}).includes("revision"));
  }

  /** `piggybacks`: it asks the holder to hand over, which the row's revision does not tell. */
  #noteLeaseWrite(
    { arrival, answeredAt, status }: Exchange,
    answer: Partial<Body>,
    piggybacks: boolean,
  ): void {
    const late = arrival === "in time" ? 0 : 1;
    if (status === 200) {
      this.counts.leaseAccepted += 1;
      this.counts.lateAccepted += late;
      const before = rowStateOf(answer.Attributes);
      if (piggybacks) this.#row.saw(before, answeredAt);
      else this.#row.wrote(before, answeredAt);
    } else if (answer.__type?.endsWith("ConditionalCheckFailedException")) {
      this.counts.leaseRefused += 1;
      this.counts.lateRefused += late;
      this.#row.saw(rowStateOf(answer.Item), answeredAt);
    }
  }

  /** An engine answers a retry or a duplicate of an accepted transaction with 200 and applies nothing. */
  #noteTransaction(exchange: Exchange): void {
    const { TransactItems, ClientRequestToken } = parse<Body>(exchange.request);
    const puts = TransactItems?.map(({ Put }) => Put?.Item);
    const assignment = puts?.find((item) => item?.["pk"]?.S === invoiceKeys.assignment("", 0).pk);
    if (assignment === undefined) return;
    const { token, executionId: holder, number } = unmarshall(assignment, { wrapNumbers: Number });
    const id = ClientRequestToken ?? `${token}#${number}`;
    const outcome = transactionOutcome(exchange);
    if (outcome === "accepted") {
      const before = this.#given.get(id);
      if (before === undefined) this.counts.numbersGiven += 1;
      const forwardedAt = Math.min(exchange.forwardedAt, before?.forwardedAt ?? Infinity);
      this.#given.set(id, { token, holder, number, forwardedAt });
    } else if (outcome === "fenced") {
      if (!this.#staleSeen.has(id)) this.counts.staleRejected += 1;
      this.#staleSeen.add(id);
    }
  }
}
