import { describe, expect, it } from "vitest";
import { leadershipChanges, type StreamRecord } from "../../lib/cdk/leadership-events-change.ts";
import { LEADERSHIP_CHANGES_CODE } from "../../lib/cdk/leadership-events-code.ts";
import { inlineCode, keepFile, keptFile } from "../support/inline-code.ts";
import { matchesPattern } from "../support/pipe-pattern.ts";

const HELD = {
  pk: { S: "w" },
  sk: { S: "lease" },
  holder: { S: "a/1" },
  token: { N: "7" },
  transitions: { N: "3" },
};

function removal(more: Partial<StreamRecord>): StreamRecord {
  const dynamodb = { ApproximateCreationDateTime: 1_700_000_000, OldImage: HELD };
  return { eventID: "e", eventName: "REMOVE", dynamodb, ...more };
}

describe("what is told of a record", () => {
  it("tells a deletion by DynamoDB itself from one that somebody asked for", () => {
    const cause = (more: Partial<StreamRecord>) => leadershipChanges([removal(more)])[0]?.detail.cause;
    const byTtl = { type: "Service", principalId: "dynamodb.amazonaws.com" };
    expect(cause({ userIdentity: byTtl })).toBe("ttl");
    expect(cause({})).toBe("deleted");
    expect(cause({ eventName: "MODIFY" })).toBe("vacated");
  });

  it("is stamped by the record, as a number of seconds or as text", () => {
    for (const ApproximateCreationDateTime of [1_700_000_000, "1700000000", "1700000000.0"]) {
      const record = removal({ dynamodb: { ApproximateCreationDateTime, OldImage: HELD } });
      expect(leadershipChanges([record])[0]?.time).toBe("2023-11-14T22:13:20.000Z");
    }
  });

  it("is never an error, whatever a row holds: one record must not keep the others of its shard", () => {
    const odd = {
      holder: { S: "a" },
      acquiredAt: { N: "9e99" },
      expiresAt: { S: "soon" },
      token: { S: "x" },
    };
    const records: StreamRecord[] = [
      {},
      { dynamodb: {} },
      { dynamodb: { NewImage: odd } },
      { dynamodb: { OldImage: odd } },
      { dynamodb: { NewImage: { ...odd, transitions: { N: "1" }, renewedAt: {} } } },
    ];
    const told = leadershipChanges(records);
    expect(told.map(({ detailType }) => detailType)).toEqual(["Leadership Released", "Leadership Acquired"]);
    for (const { time } of told) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
  });
});

describe("the code of the function", () => {
  it("is what its source compiles to", async () => {
    const { code, file } = await inlineCode();
    if (process.env["UPDATE_INLINE_CODE"] === "1") keepFile(file);
    expect(keptFile()).toBe(file);
    if (process.env["UPDATE_INLINE_CODE"] !== "1") expect(LEADERSHIP_CHANGES_CODE).toBe(code);
  });

  it("fits into a template, and imports nothing", () => {
    expect(Buffer.byteLength(LEADERSHIP_CHANGES_CODE)).toBeLessThanOrEqual(4_096);
    expect(LEADERSHIP_CHANGES_CODE).not.toMatch(/\brequire\b|\bimport\b|process\.|console\./);
  });
});

describe("the evaluator of patterns that the tests use", () => {
  it("matches as EventBridge documents it", () => {
    const event = { a: { b: "x1" }, n: 1 };
    for (const pattern of [
      { a: { b: ["x1"] } },
      { a: { b: ["y", "x1"] } },
      { a: { b: [{ suffix: "1" }] } },
      { a: { b: [{ prefix: "x" }] } },
      { a: { b: [{ exists: true }], c: [{ exists: false }] }, z: { y: [{ exists: false }] } },
      { a: { b: [{ "anything-but": ["y", "z"] }] } },
    ]) {
      expect(matchesPattern(pattern, event), JSON.stringify(pattern)).toBe(true);
    }
    for (const pattern of [
      { a: { b: ["x"] } },
      { a: { b: [{ suffix: "x" }] } },
      { a: { b: [{ prefix: "1" }] } },
      { a: { b: [{ exists: false }] } },
      { a: { c: [{ exists: true }] } },
      { a: { c: [{ "anything-but": "y" }] } },
      { a: { b: ["x1"] }, n: ["1"] },
      { a: { b: [{ "anything-but": "x1" }] } },
    ]) {
      expect(matchesPattern(pattern, event), JSON.stringify(pattern)).toBe(false);
    }
  });

  it("refuses what pipes do not support, and what it does not know", () => {
    for (const pattern of [
      {},
      { a: [] },
      { a: [{ "anything-but": { prefix: "x" } }] },
      { a: [{ "anything-but": { suffix: "x" } }] },
      { a: [{ "anything-but": [] }] },
      { a: [{ wildcard: "*x" }] },
      { a: [{ suffix: { "equals-ignore-case": "x" } }] },
      { a: [{ exists: "yes" }] },
      { a: [1] },
      { a: ["x", { wildcard: "*" }] },
      { a: [{ prefix: "x", suffix: "y" }] },
      { $or: [{ a: ["x"] }] },
    ]) {
      expect(() => matchesPattern(pattern, { a: "x" }), JSON.stringify(pattern)).toThrow(
        "does not take for one of pipes",
      );
    }
    expect(() => matchesPattern({ a: [{ exists: true }] }, { a: { b: 1 } })).toThrow("no leaf");
    expect(() => matchesPattern({ a: ["x"] }, { a: ["x"] })).toThrow("a list in the event");
  });
});
