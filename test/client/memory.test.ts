import { expect, it } from "vitest";
import { MAX_MEMORY_BYTES, Memory } from "../../lib/client/memory.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { readingsFrom } from "../core/timelines.ts";

const reading = readingsFrom(0, 0);
const record = (name: string): LeaseRecord => ({
  name,
  holder: "ann",
  token: 1,
  revision: 1,
  transitions: 1,
  writeId: "w-1",
  durationMs: 1_000,
});

it("keeps since when a state has been seen, over any number of sightings", () => {
  const memory = new Memory();
  memory.note("a", record("a"), reading(5), undefined);
  memory.note("a", record("a"), reading(900), undefined);
  expect(memory.sighting("a")?.firstSeen.mono).toBe(5);
  memory.note("a", { ...record("a"), revision: 2, writeId: "w-2" }, reading(950), undefined);
  expect(memory.sighting("a")?.firstSeen.mono).toBe(950);
});

it("forgets a row that is gone, and what it is told to forget", () => {
  const memory = new Memory();
  memory.note("a", record("a"), reading(5), undefined);
  expect(memory.note("a", undefined, reading(6), undefined)).toBeUndefined();
  expect(memory.sighting("a")).toBeUndefined();
  memory.note("b", record("b"), reading(5), undefined);
  memory.forget("b");
  expect(memory.sighting("b")).toBeUndefined();
});

it("keeps nothing of what a leader proclaims, nor of what somebody else put on the row", () => {
  const memory = new Memory();
  const large = { ...record("a"), value: "x".repeat(1_000_000), other: "y" };
  expect(memory.note("a", large, reading(5), undefined)?.record, "who asked is told all").toBe(large);
  expect(memory.sighting("a")?.record).toEqual(record("a"));
  memory.note("a", { ...large, value: 1 }, reading(900), undefined);
  expect(memory.sighting("a")?.firstSeen.mono, "the state is the same").toBe(5);
});

it("knows the claims that it gave up, the latest ones", () => {
  const memory = new Memory();
  for (let n = 0; n < 25_000; n += 1) memory.rememberClaim(`w-${n}`);
  expect(memory.isOwnClaim("w-24999")).toBe(true);
  expect(memory.isOwnClaim("w-20000")).toBe(true);
  expect(memory.isOwnClaim("w-0")).toBe(false);
  expect(memory.isOwnClaim("someone's")).toBe(false);
});

it.each([
  ["usual names", "", 10_000],
  ["the longest names", "n".repeat(2_040), 900],
])("does not grow for ever, and forgets the leases that were longest untouched: %s", (_, padding, least) => {
  const memory = new Memory();
  const name = (n: number): string => `a-${n}${padding}`;
  const many = 25_000;
  for (let n = 0; n < many; n += 1) {
    memory.note(name(n), record(name(n)), reading(n), undefined);
    if (n % 100 === 0) memory.note(name(0), record(name(0)), reading(n), undefined);
  }
  expect(memory.sighting(name(0))?.firstSeen.mono, "touched again").toBe(0);
  let kept = 0;
  for (let n = 1; n < many; n += 1) if (memory.sighting(name(n)) !== undefined) kept += 1;
  expect(memory.sighting(name(many - 1))).toBeDefined();
  expect(memory.sighting(name(many - kept - 1)), "the others are the oldest").toBeUndefined();
  expect(kept).toBeGreaterThan(least);
  // The names alone: what is kept of them twice, at two bytes a character.
  expect(kept * 4 * name(1).length).toBeLessThan(MAX_MEMORY_BYTES);
});

it("does not keep what is larger than all that it may keep", () => {
  const memory = new Memory();
  memory.note("a", { ...record("a"), reservedFor: "x".repeat(MAX_MEMORY_BYTES) }, reading(1), undefined);
  expect(memory.sighting("a")).toBeUndefined();
  memory.note("b", record("b"), reading(2), undefined);
  expect(memory.sighting("b")).toBeDefined();
});
