import { describe, expect, it } from "vitest";
import { statusOf, viewOf } from "../../lib/core/group-view.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs, type Reading } from "../../lib/core/units.ts";

const NOW = epochMs(1_795_842_000_000);
const at = { mono: 0, wall: NOW } as unknown as Reading;
const timing = { graceMs: 1_500, clockDriftRatio: 0.01 };

const row = (sort: string, more: Partial<LeaseRecord>): LeaseRecord => ({
  name: "orders",
  row: sort,
  token: 5,
  revision: 1,
  durationMs: 10_000,
  writeId: "w",
  transitions: 1,
  ...more,
});
const worker = row("session#a", { holder: "a", expiresAt: epochMs(NOW + 9_000), weight: 1 });
const led = (shard: string): LeaseRecord => row(`lease#${shard}`, { holder: "a", sessionToken: 5 });
const status = (records: readonly LeaseRecord[], wanted?: readonly string[]) =>
  statusOf(
    "orders",
    viewOf(
      records.map((record) => ({ record, firstSeen: at, servedAt: NOW })),
      at,
      timing,
    ),
    wanted,
  );

describe("the status of a group", () => {
  it("tells of shards that nobody ever led, where they are named", () => {
    const { shards, unled, balanced } = status([worker, led("1")], ["1", "2"]);
    expect(shards.map(({ shard, kind }) => [shard, kind])).toEqual([
      ["1", "held"],
      ["2", "vacant"],
    ]);
    expect({ unled, balanced }).toEqual({ unled: ["2"], balanced: false });
  });

  const other = row("session#b", { holder: "b", expiresAt: epochMs(NOW + 9_000), weight: 1 });
  const ledBy = (holder: string, shard: string) => ({ ...led(shard), holder });

  it("is not balanced while a worker could take what nobody leads, nor where nobody works", () => {
    const halves = [worker, other, led("1"), ledBy("b", "2")];
    expect(status(halves, ["1", "2"]).balanced).toBe(true);
    const third = status(halves, ["1", "2", "3"]);
    expect(third.workers.map(({ share }) => share)).toMatchObject([
      { floor: 1, ceiling: 2 },
      { floor: 1, ceiling: 2 },
    ]);
    expect(third).toMatchObject({ unled: ["3"], balanced: false });
    const script = { ...worker, weight: undefined };
    expect(status([script, led("1")])).toMatchObject({ unled: [], balanced: false });
  });

  it("is balanced where none may take what nobody leads: that is in unled", () => {
    const full = [
      { ...worker, maxShards: 1 },
      { ...other, maxShards: 1 },
    ];
    const { unled, balanced } = status([...full, led("1"), ledBy("b", "2")], ["1", "2", "3"]);
    expect({ unled, balanced }).toEqual({ unled: ["3"], balanced: true });
  });

  it("leaves out what is no shard of the group any more, unless somebody leads it still", () => {
    const left = [row("lease#old", {}), row("lease#older", { holder: "gone", sessionToken: 3 })];
    const { unled, balanced, shards } = status([worker, led("1"), led("7"), ...left], ["1"]);
    expect(shards.map(({ shard }) => shard)).toEqual(["1", "7"]);
    expect({ unled, balanced }).toEqual({ unled: [], balanced: true });
    // Who does not say which shards there are is shown all.
    expect(status([worker, led("1"), ...left]).unled).toEqual(["old", "older"]);
  });
});
