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
    expect(updateOf(write({})).Key).toStrictEqual({ pk: { S: "nightly" }, sk: { S: "lease" } });
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
    expect(ExpressionAttributeValues).toMatchObject({
      ":below_token": { N: "9" },
      ":below_tick": { S: "t-2" },
    });
  });

  it("has the condition of a compare-and-set, in full, and no other", () => {
    const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = updateOf(
      write({ expects: { revision: 3, token: 7, holder: "ann", writeId: "w-0" } }),
    );
    expect(ConditionExpression).toBe(
      "#revision = :is_revision AND #token = :is_token AND #holder = :is_holder AND #writeId = :is_writeId",
    );
    expect(ExpressionAttributeValues).toStrictEqual({
      ":is_revision": { N: "3" },
      ":is_token": { N: "7" },
      ":is_holder": { S: "ann" },
      ":is_writeId": { S: "w-0" },
      ":writeId": { S: "w-1" },
      ":zero": { N: "0" },
      ":one": { N: "1" },
    });
    expect(ExpressionAttributeNames).toStrictEqual({
      "#revision": "revision",
      "#token": "token",
      "#holder": "holder",
      "#writeId": "writeId",
    });
  });

  it("counts the revision up in every write, and the terms in one that begins a term", () => {
    const counts = "#revision = if_not_exists(#revision, :zero) + :one";
    expect(updateOf(write({})).UpdateExpression).toBe(`SET #writeId = :writeId, ${counts}`);
    // Terms are counted when they begin, so no other write needs the count to be a number.
    const begins = updateOf(write({ beginsTerm: true }));
    expect(begins.UpdateExpression).toContain("#transitions = if_not_exists(#transitions, :zero) + :one");
    expect(begins.ExpressionAttributeValues[":one"]).toEqual({ N: "1" });
  });

  it("sets what has a value, leaves out what has none, and removes what is to be cleared", () => {
    const { UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues } = updateOf(
      write({ set: { ttl: 5, tick: undefined }, clear: ["holder", "value"] }),
    );
    expect(UpdateExpression).toMatch(/^SET #ttl = :ttl, #writeId = :writeId, .* REMOVE #holder, #value$/);
    expect(ExpressionAttributeValues[":ttl"]).toEqual({ N: "5" });
    expect(ExpressionAttributeValues).not.toHaveProperty(":tick");
    expect(ExpressionAttributeNames).toMatchObject({ "#holder": "holder", "#value": "value" });
  });

  it("is the same text for writes of the same attributes, with each one's own values", () => {
    const made = (token: number, tick: string) =>
      updateOf(write({ expects: { token }, set: { tick }, writeId: `w-${token}` }));
    const [one, other] = [made(1, "a"), made(2, "b")];
    expect(other.ConditionExpression).toBe(one.ConditionExpression);
    expect(other.UpdateExpression).toBe(one.UpdateExpression);
    expect(one.ExpressionAttributeValues).toMatchObject({ ":is_token": { N: "1" }, ":tick": { S: "a" } });
    expect(other.ExpressionAttributeValues).toMatchObject({
      ":is_token": { N: "2" },
      ":tick": { S: "b" },
      ":writeId": { S: "w-2" },
    });
  });

  it("may be changed by a middleware of the caller's, and no other write with it", () => {
    const changed = updateOf(write({}));
    changed.ExpressionAttributeNames["#theirs"] = "theirs";
    changed.ExpressionAttributeValues[":theirs"] = { S: "x" };
    expect(updateOf(write({})).ExpressionAttributeNames).not.toHaveProperty("#theirs");
    expect(updateOf(write({})).ExpressionAttributeValues).not.toHaveProperty(":theirs");
  });

  it("is another text where another attribute is expected, set, left out or cleared", () => {
    const texts = [
      write({}),
      write({ expects: { revision: 7 } }),
      write({ expects: { token: 7, tokenBelow: 9 } }),
      write({ expects: { token: 7, openTo: ["a"] } }),
      write({ expects: { token: 7, openTo: ["a", "b"] } }),
      write({ set: { tick: "t" } }),
      write({ set: { tick: "t", ttl: 5 } }),
      write({ clear: ["tick"] }),
      write({ clear: ["tick", "ttl"] }),
      write({ set: { tick: "t" }, clear: ["ttl"] }),
      write({ beginsTerm: true }),
      write({ set: { tick: "t" }, piggybacks: true }),
      write({ set: { tick: "t" }, piggybacks: true, beginsTerm: true }),
    ].map((made) => {
      const { ConditionExpression, UpdateExpression } = updateOf(made);
      return `${ConditionExpression} ${UpdateExpression}`;
    });
    expect(new Set(texts).size).toBe(texts.length);
    // Nothing is left of one in the other, also when they come again.
    expect(updateOf(write({ set: { tick: undefined } }))).toStrictEqual(updateOf(write({})));
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
      ":open0_reservedFor": { S: "me" },
      ":open1_reservedFor": { S: "@eu" },
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
      Key: { pk: { S: "nightly" }, sk: { S: "lease" } },
      ConditionExpression:
        "#holder = :is_holder AND #token = :is_token" +
        " AND (attribute_not_exists(#requestedPriority) OR #requestedPriority < :below_requestedPriority)",
      UpdateExpression: "SET #requestedBy = :requestedBy, #requestedPriority = :requestedPriority",
      ExpressionAttributeNames: {
        "#holder": "holder",
        "#token": "token",
        "#requestedPriority": "requestedPriority",
        "#requestedBy": "requestedBy",
      },
      ExpressionAttributeValues: {
        ":is_holder": { S: "ann" },
        ":is_token": { N: "7" },
        ":below_requestedPriority": { N: "5" },
        ":requestedBy": { S: "bob" },
        ":requestedPriority": { N: "5" },
      },
    });
  });

  it("is keyed by the row that the write names, beside the lease", () => {
    expect(updateOf(write({ row: "candidate#bob" })).Key).toStrictEqual({
      pk: { S: "nightly" },
      sk: { S: "candidate#bob" },
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
