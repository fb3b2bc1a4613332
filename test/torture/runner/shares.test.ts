import { describe, expect, it } from "vitest";
import { state } from "../checks/group-histories.ts";
import type { RowState } from "../checks/row-history.ts";
import { sharesIn } from "./shares.ts";
import { WORKFORCE } from "./workforce-plan.ts";

const nameOf = (shard: string): string => `workers/lease#${shard}`;
const [first = ""] = WORKFORCE.shards;
const WORKERS = ["ann", "bob"].map((name) => ({ name, weight: 1 }));

/** Ann and Bob lead every other shard, with sessions 5 and 6, but for what is changed. */
function sharesAfter(
  change: {
    readonly row?: RowState;
    readonly session?: RowState;
    readonly joined?: readonly string[];
    readonly unheard?: string;
  } = {},
) {
  const rows = new Map<string, RowState>();
  for (const [nth, shard] of WORKFORCE.shards.entries()) {
    const [holder, sessionToken] = nth % 2 === 0 ? (["ann/1", 5] as const) : (["bob/1", 6] as const);
    rows.set(nameOf(shard), state(1, 10, holder, { sessionToken }));
  }
  rows.set("workers/session#ann/1", change.session ?? state(1, 5, "ann/1"));
  rows.set("workers/session#bob/1", state(1, 6, "bob/1"));
  if (change.row !== undefined) rows.set(nameOf(first), change.row);
  const joined = new Map((change.joined ?? ["ann", "bob"]).map((name) => [name, `${name}/1`]));
  const led = new Set(WORKFORCE.shards.filter((shard) => shard !== change.unheard).map(nameOf));
  return sharesIn(rows, WORKERS, { joined, led });
}

describe("the shares of workers", () => {
  it("are even where each leads half of the shards", () => {
    const { isShared, unled, counts } = sharesAfter();
    expect([isShared, unled, counts.map(({ shards }) => shards)]).toEqual([true, [], [12, 12]]);
  });

  it.each([
    ["a shard is vacant", { row: state(2, 10, undefined) }, "vacant"],
    [
      "a shard is kept for one",
      { row: state(2, 10, undefined, { reservedFor: "eve" }) },
      "vacant, kept for eve",
    ],
    [
      "its row names a worker that says nothing",
      { unheard: first },
      "its row names ann/1, who does not say so",
    ],
    [
      "its row names an earlier session",
      { row: state(1, 10, "ann/1", { sessionToken: 4 }) },
      "its row names ann/1, whose session is over",
    ],
  ])("lack a shard where %s", (_, change, what) => {
    expect(sharesAfter(change)).toMatchObject({ isShared: false, unled: [`${first} (${what})`] });
  });

  it("lack all shards of a session that has ended, and of a worker that does not take part", () => {
    expect(sharesAfter({ session: state(2, 5, undefined) }).unled).toHaveLength(12);
    expect(sharesAfter({ joined: ["bob"] }).unled).toHaveLength(12);
  });
});
