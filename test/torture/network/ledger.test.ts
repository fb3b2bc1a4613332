import { marshall } from "@aws-sdk/util-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import type { Exchange } from "../../../local/harness/link.ts";
import { RowHistory } from "../checks/row-history.ts";
import { Ledger } from "./ledger.ts";

const row = (revision: number) =>
  marshall({ pk: "lease", sk: "lease", revision, token: 10, holder: "ann", writeId: `write-${revision}` });

const REVISION = { "#7": "revision" };

function exchange(
  operation: string,
  ask: object,
  status: number,
  answer: object,
  more: Partial<Exchange> = {},
): Exchange {
  const body = (content: object): Buffer => Buffer.from(JSON.stringify(content));
  const asked = {
    TableName: "leases",
    Key: { sk: { S: "lease" } },
    ExpressionAttributeNames: REVISION,
    ...ask,
  };
  const request = body(asked);
  const times = { forwardedAt: 1, answeredAt: 2 };
  return { operation, request, status, answer: body(answer), arrival: "in time", ...times, ...more };
}

describe("the ledger", () => {
  let history: RowHistory;
  let ledger: Ledger;
  beforeEach(() => {
    history = new RowHistory();
    ledger = new Ledger(history, "leases");
  });

  it("takes the row that an accepted write found into the history", () => {
    ledger.note(exchange("UpdateItem", {}, 200, {}));
    ledger.note(exchange("UpdateItem", {}, 200, { Attributes: row(1) }, { arrival: "late" }));
    expect(history.states.get(1)).toMatchObject({ token: 10, holder: "ann", writeId: "write-1" });
    expect([...history.writesUpon.keys()]).toEqual([0, 1]);
    expect(ledger.counts).toMatchObject({ leaseAccepted: 2, lateAccepted: 1, leaseRefused: 0 });
  });

  it("counts refusals, and learns from them and from reads", () => {
    const refusal = {
      __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
      Item: row(3),
    };
    ledger.note(exchange("UpdateItem", {}, 400, refusal, { arrival: "duplicate" }));
    ledger.note(exchange("GetItem", {}, 200, { Item: row(4) }));
    expect([...history.states.keys()]).toEqual([3, 4]);
    expect(history.writesUpon.size).toBe(0);
    expect(ledger.counts).toMatchObject({ leaseAccepted: 0, leaseRefused: 1, lateRefused: 1 });
  });

  it("takes a request to hand over for none of the writes that raise the revision", () => {
    const ask = { ExpressionAttributeNames: { "#requestedBy": "requestedBy" } };
    ledger.note(exchange("UpdateItem", ask, 200, { Attributes: row(2) }));
    expect(history.writesUpon.size).toBe(0);
    expect([...history.states.keys()]).toEqual([2]);
  });

  it("takes no account of other tables and other rows", () => {
    ledger.note(exchange("UpdateItem", { TableName: "invoices" }, 200, { Attributes: row(1) }));
    ledger.note(exchange("UpdateItem", { Key: { sk: { S: "candidate#ann" } } }, 200, { Attributes: row(1) }));
    expect(history.states.size).toBe(0);
    expect(ledger.counts.leaseAccepted).toBe(0);
  });

  const given = (number: number, token: string) => ({
    ClientRequestToken: token,
    TransactItems: [
      { ConditionCheck: {} },
      { Put: { Item: marshall({ pk: "assignment", sk: "10#1", token: 10, executionId: "ann", number }) } },
    ],
  });

  it("counts a number once however often its transaction is answered, from when it was first sent on", () => {
    ledger.note(exchange("TransactWriteItems", given(1, "a"), 200, {}, { forwardedAt: 50 }));
    ledger.note(exchange("TransactWriteItems", given(1, "a"), 200, {}, { forwardedAt: 40 }));
    ledger.note(exchange("TransactWriteItems", given(2, "b"), 200, {}, { forwardedAt: 60 }));
    expect(ledger.counts.numbersGiven).toBe(2);
    expect(ledger.given).toEqual([
      { token: 10, holder: "ann", number: 1, forwardedAt: 40 },
      { token: 10, holder: "ann", number: 2, forwardedAt: 60 },
    ]);
  });

  it("counts what the fence refused, and nothing that was refused for another reason", () => {
    const cancelled = (Code: string) => ({ __type: "x", CancellationReasons: [{ Code }, { Code: "None" }] });
    const note = (token: string, code: string): void =>
      ledger.note(exchange("TransactWriteItems", given(1, token), 400, cancelled(code)));
    note("a", "ConditionalCheckFailed");
    note("a", "ConditionalCheckFailed");
    note("b", "TransactionConflict");
    expect(ledger.counts).toMatchObject({ staleRejected: 1, numbersGiven: 0 });
  });
});
