import { setTimeout as sleep } from "node:timers/promises";
import { LeaseClient } from "leasehold";
import { describe, expect, it } from "vitest";
import { follow, lead, type Term } from "../../examples/from-etcd.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { putRow } from "../support/lease-tables.ts";

/** How long a starved machine may take. */
const SOON = { timeout: 10_000 };

const engine = engineForTests("leases");

const contender = (): LeaseClient =>
  new LeaseClient({ tableName: "leases", client: engine.client, durationMs: 3_000, retryIntervalMs: 100 });

describe("the program from etcd", () => {
  it("campaigns, proclaims, resigns; the next leads under a higher token; the follower sees each leader", async () => {
    const stops = [new AbortController(), new AbortController(), new AbortController()] as const;
    const terms: { readonly by: string; readonly token: number }[] = [];
    const seen: (string | undefined)[] = [];
    const elected = (by: string) => async (term: Term) => {
      terms.push({ by, token: term.token });
      while (!term.done.aborted) await sleep(20);
    };

    const following = follow(contender(), (leader) => seen.push(leader), stops[2].signal);
    const first = lead(contender(), "a:1", elected("a"), stops[0].signal);
    await expect.poll(() => seen, SOON).toContain("a:1");
    const second = lead(contender(), "b:1", elected("b"), stops[1].signal);
    await sleep(300);
    expect(terms.map(({ by }) => by)).toEqual(["a"]);

    stops[0].abort();
    await first;
    await expect.poll(() => seen.at(-1), SOON).toBe("b:1");
    stops[1].abort();
    await second;
    await expect.poll(() => seen.at(-1), SOON).toBeUndefined();
    stops[2].abort();
    await following;

    expect(terms.map(({ by }) => by)).toEqual(["a", "b"]);
    expect(terms[1]?.token).toBeGreaterThan(terms[0]?.token ?? Infinity);
    expect(seen.filter((leader) => leader !== undefined)).toEqual(["a:1", "b:1"]);
  });

  it("campaigns again after its lead was taken from it, and fails when the table is missing", async () => {
    const stop = new AbortController();
    const leases = contender();
    const tokens: number[] = [];
    const leading = lead(
      leases,
      "a:1",
      async ({ token, done }) => {
        tokens.push(token);
        while (!done.aborted) await sleep(20);
      },
      stop.signal,
    );
    await expect.poll(() => tokens.length, SOON).toBe(1);
    await contender().forceRelease("orders-writer");
    await expect.poll(() => tokens.length, SOON).toBe(2);
    stop.abort();
    await leading;
    expect(tokens[1]).toBeGreaterThan(tokens[0] ?? Infinity);

    const nowhere = new LeaseClient({ tableName: "no-such-table", client: engine.client });
    await expect(lead(nowhere, "a:1", async () => {}, new AbortController().signal)).rejects.toMatchObject({
      code: "TABLE_NOT_FOUND",
    });
  });

  it("goes on above the highest revision of an election that was held elsewhere, if that was written down", async () => {
    await putRow(engine.client, "leases", { pk: "moved", sk: "lease", token: 9_000_000_000_000 });
    const lease = await contender().acquire("moved");
    expect(lease.token).toBe(9_000_000_000_001);
    await lease.release();
    await (await contender().acquire("moved")).release();
  });
});
