import { describe, expect, it } from "vitest";
import { epochMs } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import { leaseKey, updateOf } from "../../lib/dynamodb/expressions.ts";

const write = (more: Partial<LeaseWrite>): LeaseWrite => ({
  kind: "renew",
  name: "nightly",
  writeId: "w-1",
  expects: { token: 7 },
  set: {},
  clear: [],
  beginsTerm: false,
  ...more,
});

describe("the update of a write", () => {
  it("is keyed by the lease's name and the lease's place under it", () => {
    expect(leaseKey("nightly")).toStrictEqual({ pk: "nightly", sk: "lease" });
    expect(updateOf(write({})).Key).toStrictEqual({ pk: "nightly", sk: "lease" });
  });

  it("has the condition of a claim, in full", () => {
    const claim = write({ expects: { vacant: true, tokenBelow: 9, tickBelow: "t-2" } });
    const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = updateOf(claim);
    expect(ConditionExpression).toBe(
      "attribute_not_exists(#holder)" +
        " AND (attribute_not_exists(#token) OR #token < :below_token)" +
        " AND (attribute_not_exists(#tick) OR #tick < :below_tick)",
    );
    expect(ExpressionAttributeNames).toMatchObject({
      "#holder": "holder",
      "#token": "token",
      "#tick": "tick",
    });
    expect(ExpressionAttributeValues).toMatchObject({ ":below_token": 9, ":below_tick": "t-2" });
  });

  it("has the condition of a compare-and-set, in full, and no other", () => {
    const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = updateOf(
      write({ expects: { revision: 3, token: 7, holder: "ann", writeId: "w-0" } }),
    );
    expect(ConditionExpression).toBe(
      "#revision = :is_revision AND #token = :is_token AND #holder = :is_holder AND #writeId = :is_writeId",
    );
    expect(ExpressionAttributeValues).toStrictEqual({
      ":is_revision": 3,
      ":is_token": 7,
      ":is_holder": "ann",
      ":is_writeId": "w-0",
      ":set_writeId": "w-1",
      ":zero": 0,
      ":plus_revision": 1,
    });
    expect(ExpressionAttributeNames).toStrictEqual({
      "#revision": "revision",
      "#token": "token",
      "#holder": "holder",
      "#writeId": "writeId",
    });
  });

  it("counts the revision up in every write, and the terms in one that begins a term", () => {
    const counts = "#revision = if_not_exists(#revision, :zero) + :plus_revision";
    expect(updateOf(write({})).UpdateExpression).toBe(`SET #writeId = :set_writeId, ${counts}`);
    // Terms are counted when they begin, so no other write needs the count to be a number.
    const begins = updateOf(write({ beginsTerm: true }));
    expect(begins.UpdateExpression).toContain(
      "#transitions = if_not_exists(#transitions, :zero) + :plus_transitions",
    );
    expect(begins.ExpressionAttributeValues[":plus_transitions"]).toBe(1);
  });

  it("sets what has a value, leaves out what has none, and removes what is to be cleared", () => {
    const { UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues } = updateOf(
      write({ set: { ttl: 5, tick: undefined }, clear: ["holder", "value"] }),
    );
    expect(UpdateExpression).toMatch(
      /^SET #ttl = :set_ttl, #writeId = :set_writeId, .* REMOVE #holder, #value$/,
    );
    expect(ExpressionAttributeValues[":set_ttl"]).toBe(5);
    expect(ExpressionAttributeValues).not.toHaveProperty(":set_tick");
    expect(ExpressionAttributeNames).toMatchObject({ "#holder": "holder", "#value": "value" });
  });

  it("is never made without a condition", () => {
    expect(() => updateOf(write({ expects: {} }))).toThrow("a write needs a condition");
  });

  it("has the condition of a claim of a lease that may be reserved, in full", () => {
    const { ConditionExpression, ExpressionAttributeValues } = updateOf(
      write({ expects: { vacant: true, openTo: ["me", "@eu"], tokenBelow: 9 } }),
    );
    expect(ConditionExpression).toBe(
      "attribute_not_exists(#holder)" +
        " AND (attribute_not_exists(#reservedFor) OR #reservedFor = :open0_reservedFor" +
        " OR #reservedFor = :open1_reservedFor)" +
        " AND (attribute_not_exists(#token) OR #token < :below_token)",
    );
    expect(ExpressionAttributeValues).toMatchObject({
      ":open0_reservedFor": "me",
      ":open1_reservedFor": "@eu",
    });
  });

  it("has the condition of a request to hand over, in full, and touches neither revision nor write id", () => {
    const ask = write({
      kind: "request",
      expects: { holder: "ann", token: 7, requestedBelow: 5 },
      set: { requestedBy: "bob", requestedPriority: 5 },
      piggybacks: true,
    });
    expect(updateOf(ask)).toStrictEqual({
      Key: { pk: "nightly", sk: "lease" },
      ConditionExpression:
        "#holder = :is_holder AND #token = :is_token" +
        " AND (attribute_not_exists(#requestedPriority) OR #requestedPriority < :below_requestedPriority)",
      UpdateExpression: "SET #requestedBy = :set_requestedBy, #requestedPriority = :set_requestedPriority",
      ExpressionAttributeNames: {
        "#holder": "holder",
        "#token": "token",
        "#requestedPriority": "requestedPriority",
        "#requestedBy": "requestedBy",
      },
      ExpressionAttributeValues: {
        ":is_holder": "ann",
        ":is_token": 7,
        ":below_requestedPriority": 5,
        ":set_requestedBy": "bob",
        ":set_requestedPriority": 5,
      },
    });
  });

  it("is keyed by the row that the write names, beside the lease", () => {
    expect(updateOf(write({ row: "candidate#bob" })).Key).toStrictEqual({
      pk: "nightly",
      sk: "candidate#bob",
    });
    expect(leaseKey("nightly", "fence")).toStrictEqual({ pk: "nightly", sk: "fence" });
  });

  it("names and binds all that it uses and nothing else, whatever it expects", () => {
    const all = write({
      expects: {
        vacant: true,
        openTo: ["x) OR (", "y"],
        requestedBelow: 1,
        tokenBelow: 2,
        tickBelow: "t",
        holder: "h",
      },
      set: { holder: "h", reservedFor: "", expiresAt: epochMs(2), requestedPriority: 3, tick: "t" },
      clear: ["requestedBy", "lockDelayMs", "priority"],
    });
    const { ConditionExpression, UpdateExpression, ...bound } = updateOf(all);
    const used = `${ConditionExpression} ${UpdateExpression}`;
    const placeholders = (pattern: RegExp): string[] => [...new Set(used.match(pattern))].toSorted();
    expect(placeholders(/#\w+/g)).toEqual(Object.keys(bound.ExpressionAttributeNames).toSorted());
    expect(placeholders(/:\w+/g)).toEqual(Object.keys(bound.ExpressionAttributeValues).toSorted());
    expect(used).not.toContain("x) OR (");
  });
});
