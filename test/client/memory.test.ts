import { expect, it } from "vitest";
import { Memory } from "../../lib/client/memory.ts";
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

it("knows the claims that it gave up, the latest ten thousand", () => {
  const memory = new Memory();
  for (let n = 0; n < 10_001; n += 1) memory.forgetClaim(`w-${n}`);
  expect(memory.isOwnClaim("w-10000")).toBe(true);
  expect(memory.isOwnClaim("w-1")).toBe(true);
  expect(memory.isOwnClaim("w-0")).toBe(false);
  expect(memory.isOwnClaim("someone's")).toBe(false);
});

it("does not grow for ever: of ten thousand leases and one, the one longest untouched is forgotten", () => {
  const memory = new Memory();
  for (let n = 0; n < 10_000; n += 1) memory.note(`a-${n}`, record(`a-${n}`), reading(n), undefined);
  memory.note("a-0", record("a-0"), reading(20_000), undefined);
  memory.note("one-more", record("one-more"), reading(20_001), undefined);
  expect(memory.sighting("a-0")?.firstSeen.mono, "touched again").toBe(0);
  expect(memory.sighting("a-1")).toBeUndefined();
  expect(memory.sighting("one-more")).toBeDefined();
});
