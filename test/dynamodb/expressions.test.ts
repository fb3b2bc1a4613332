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

/** Both expressions with what their placeholders stand for in place of them. */
function meaningOf(made: LeaseWrite): { readonly condition: string; readonly update: string } {
  const bound = updateOf(made);
  const meant = (text: string): string =>
    text
      .replace(/#\d+/g, (placeholder) => bound.ExpressionAttributeNames[placeholder] ?? "?")
      .replace(/:\d+/g, (placeholder) => JSON.stringify(bound.ExpressionAttributeValues[placeholder]));
  return { condition: meant(bound.ConditionExpression), update: meant(bound.UpdateExpression) };
}

describe("the update of a write", () => {
  it("is keyed by the lease's name and the lease's place under it", () => {
    expect(leaseKey("nightly")).toStrictEqual({ pk: "nightly", sk: "lease" });
    expect(updateOf(write({})).Key).toStrictEqual({ pk: { S: "nightly" }, sk: { S: "lease" } });
  });

  it("has the condition of a claim, in full", () => {
    const claim = write({ expects: { vacant: true, tokenBelow: 9, tickBelow: "t-2" } });
    expect(meaningOf(claim).condition).toBe(
      "attribute_not_exists(holder)" +
        ' AND (attribute_not_exists(token) OR token < {"N":"9"})' +
        ' AND (attribute_not_exists(tick) OR tick < {"S":"t-2"})',
    );
  });

  it("has the condition of a compare-and-set, in full, and no other", () => {
    const compared = write({ expects: { revision: 3, token: 7, holder: "ann", writeId: "w-0" } });
    expect(meaningOf(compared).condition).toBe(
      'revision = {"N":"3"} AND token = {"N":"7"} AND holder = {"S":"ann"} AND writeId = {"S":"w-0"}',
    );
  });

  it("counts the revision up in every write, and the terms in one that begins a term", () => {
    const plusOne = (attribute: string) =>
      `${attribute} = if_not_exists(${attribute}, {"N":"0"}) + {"N":"1"}`;
    const counts = `SET writeId = {"S":"w-1"}, ${plusOne("revision")}`;
    expect(meaningOf(write({})).update).toBe(counts);
    // Terms are counted when they begin, so no other write needs the count to be a number.
    expect(meaningOf(write({ beginsTerm: true })).update).toBe(`${counts}, ${plusOne("transitions")}`);
  });

  it("sets what has a value, leaves out what has none, and removes what is to be cleared", () => {
    const made = write({ set: { ttl: 5, tick: undefined }, clear: ["holder", "value"], piggybacks: true });
    expect(meaningOf(made).update).toBe('SET ttl = {"N":"5"} REMOVE holder, value');
  });

  it("is the same text for writes of the same attributes, with each one's own values", () => {
    const made = (token: number, tick: string) =>
      write({ expects: { token }, set: { tick }, piggybacks: true });
    const [one, other] = [made(1, "a"), made(2, "b")];
    expect(updateOf(other).ConditionExpression).toBe(updateOf(one).ConditionExpression);
    expect(updateOf(other).UpdateExpression).toBe(updateOf(one).UpdateExpression);
    expect(meaningOf(one)).toEqual({ condition: 'token = {"N":"1"}', update: 'SET tick = {"S":"a"}' });
    expect(meaningOf(other)).toEqual({ condition: 'token = {"N":"2"}', update: 'SET tick = {"S":"b"}' });
  });

  it("tells an attribute's value that it expects from the one that it sets", () => {
    const made = write({ expects: { holder: "ann" }, set: { holder: "bob" }, piggybacks: true });
    expect(meaningOf(made)).toEqual({
      condition: 'holder = {"S":"ann"}',
      update: 'SET holder = {"S":"bob"}',
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
    ].map((made) => Object.values(meaningOf(made)).join(" "));
    expect(new Set(texts).size).toBe(texts.length);
    // Nothing is left of one in the other, also when they come again.
    expect(updateOf(write({ set: { tick: undefined } }))).toStrictEqual(updateOf(write({})));
  });

  it("is never made without a condition", () => {
    expect(() => updateOf(write({ expects: {} }))).toThrow("a write needs a condition");
  });

  it("has the condition of a claim of a lease that may be reserved, in full", () => {
    const claim = write({ expects: { vacant: true, openTo: ["me", "@eu"], tokenBelow: 9 } });
    expect(meaningOf(claim).condition).toBe(
      "attribute_not_exists(holder)" +
        ' AND (attribute_not_exists(reservedFor) OR reservedFor = {"S":"me"} OR reservedFor = {"S":"@eu"})' +
        ' AND (attribute_not_exists(token) OR token < {"N":"9"})',
    );
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
      ConditionExpression: "#0 = :0 AND #1 = :1 AND (attribute_not_exists(#2) OR #2 < :2)",
      UpdateExpression: "SET #3 = :3, #2 = :4",
      ExpressionAttributeNames: {
        "#0": "holder",
        "#1": "token",
        "#2": "requestedPriority",
        "#3": "requestedBy",
      },
      ExpressionAttributeValues: {
        ":0": { S: "ann" },
        ":1": { N: "7" },
        ":2": { N: "5" },
        ":3": { S: "bob" },
        ":4": { N: "5" },
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
