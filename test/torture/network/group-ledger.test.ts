import { marshall } from "@aws-sdk/util-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import type { Exchange } from "../../../local/harness/link.ts";
import { GroupLedger, OPERATOR } from "./group-ledger.ts";

const SHARD = "workers/lease#shard-01";
const row = (revision: number, holder?: string) =>
  marshall(
    { pk: "workers", sk: "lease#shard-01", revision, token: 10, holder, writeId: `write-${revision}` },
    { removeUndefinedValues: true },
  );

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
    Key: marshall({ pk: "workers", sk: "lease#shard-01" }),
    ExpressionAttributeNames: { "#7": "revision" },
    ...ask,
  };
  const times = { forwardedAt: 1, answeredAt: 2 };
  return {
    operation,
    request: body(asked),
    status,
    answer: body(answer),
    arrival: "in time",
    ...times,
    ...more,
  };
}

const REFUSAL = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
const QUERY = {
  Key: undefined,
  ExpressionAttributeValues: marshall({ ":name": "workers", ":row": "session#" }),
};

describe("the ledger of a group", () => {
  let ledger: GroupLedger;
  beforeEach(() => {
    ledger = new GroupLedger("leases", "workers");
  });

  it("takes what accepted and refused writes found into the row's history", () => {
    ledger.note("ann", exchange("UpdateItem", {}, 200, {}));
    ledger.note("ann", exchange("UpdateItem", {}, 200, { Attributes: row(1, "ann") }, { arrival: "late" }));
    ledger.note("bob", exchange("UpdateItem", {}, 400, { __type: REFUSAL, Item: row(2) }));
    const { states, writesUpon } = ledger.row(SHARD);
    expect([...states.keys()]).toEqual([1, 2]);
    expect([...writesUpon.keys()]).toEqual([0, 1]);
    expect(ledger.counts).toMatchObject({
      shardAccepted: 2,
      lateAccepted: 1,
      shardRefused: 1,
      sessionAccepted: 0,
    });
  });

  it("tells a forced release from a release", () => {
    ledger.note("ann", exchange("UpdateItem", {}, 200, { Attributes: row(1, "ann") }));
    expect(ledger.revoked).toEqual([]);
    ledger.note(OPERATOR, exchange("UpdateItem", {}, 200, { Attributes: row(2, "bob") }));
    expect(ledger.revoked).toEqual([{ row: SHARD, holder: "bob", token: 10, at: 1 }]);
  });

  it("takes a request to hand over, and a bell, for no write that raises the revision", () => {
    const ask = { ExpressionAttributeNames: { "#requestedBy": "requestedBy" } };
    ledger.note(OPERATOR, exchange("UpdateItem", ask, 200, { Attributes: row(2, "ann") }));
    const bell = { ...ask, Key: marshall({ pk: "workers", sk: "session#ann/1" }) };
    ledger.note("bob", exchange("UpdateItem", bell, 200, { Attributes: row(3, "ann/1") }));
    expect(ledger.counts).toMatchObject({ requested: 1, rung: 1, buried: 0 });
    expect(ledger.row(SHARD).writesUpon.size).toBe(0);
    expect(ledger.revoked).toEqual([]);
  });

  it("counts a session that somebody else ended", () => {
    const session = { Key: marshall({ pk: "workers", sk: "session#ann:12/1" }) };
    ledger.note("ann", exchange("UpdateItem", session, 200, {}));
    ledger.note("bob", exchange("UpdateItem", session, 200, { Attributes: row(1, "ann:12/1") }));
    expect(ledger.counts).toMatchObject({ sessionAccepted: 2, buried: 1 });
  });

  it("counts what each worker asks about the group, and nothing else", () => {
    ledger.note("ann", exchange("Query", QUERY, 200, {}));
    ledger.note("ann", exchange("UpdateItem", {}, 500, {}));
    ledger.note(
      "ann",
      exchange("GetItem", { Key: marshall({ pk: "permits", sk: "lease#permit-00001" }) }, 200, {}),
    );
    ledger.note("ann", exchange("Query", { ...QUERY, TableName: "journals" }, 200, {}));
    expect([...ledger.requests]).toEqual([["ann", 2]]);
  });

  const written = (number: number, token: string) => ({
    ClientRequestToken: token,
    TransactItems: [
      {
        Put: { Item: marshall({ pk: "shard-01", sk: "1", number, token: 10, holder: "ann", what: "step" }) },
      },
      { ConditionCheck: {} },
    ],
  });

  it("counts an entry once however often its transaction is answered, from when it was first sent on", () => {
    for (const forwardedAt of [50, 40])
      ledger.note("ann", exchange("TransactWriteItems", written(1, "a"), 200, {}, { forwardedAt }));
    expect(ledger.counts.entries).toBe(1);
    expect(ledger.given).toEqual([{ row: SHARD, token: 10, holder: "ann", number: 1, forwardedAt: 40 }]);
  });

  it("counts what the fence refused, once, and not a number that was taken", () => {
    const refused = (token: string, ...codes: readonly string[]): void =>
      ledger.note(
        "ann",
        exchange("TransactWriteItems", written(1, token), 400, {
          CancellationReasons: codes.map((Code) => ({ Code })),
        }),
      );
    refused("a", "None", "ConditionalCheckFailed");
    refused("a", "None", "ConditionalCheckFailed");
    refused("b", "ConditionalCheckFailed", "None");
    refused("c", "None", "TransactionConflict");
    expect(ledger.counts).toMatchObject({ staleRejected: 1, entries: 0 });
  });
});
