import { LeaseClient, type LeaseStore } from "leasehold";
import { InMemoryLeaseStore, ManualClock, SeededRandom } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { codeBlocksOf, read } from "../support/pages.ts";

const MIGRATIONS = ["from-etcd", "from-kubernetes", "from-shedlock", "from-zookeeper-and-curator"];

describe("a guide", () => {
  it.each(MIGRATIONS)("%s shows its whole program as it is", (guide) => {
    const programs = codeBlocksOf(`docs/guides/${guide}.md`).map(({ file, code }) => ({ file, code }));
    expect(programs).toEqual([{ file: `examples/${guide}.ts`, code: read(`examples/${guide}.ts`) }]);
  });
});

describe("the cost of an election", () => {
  const HOURS_PER_MONTH = 730;
  const [PER_WRITE, PER_READ] = [0.625 / 1_000_000, 0.125 / 1_000_000];

  /** What a leader and a standby ask of the table in an hour. */
  async function anHour(retryIntervalMs: number) {
    const clock = new ManualClock();
    const store = new InMemoryLeaseStore({ clock });
    const counts = { renew: 0, register: 0, read: 0 };
    const counted: LeaseStore = {
      write: (write) => {
        if (write.kind === "renew" || write.kind === "register") counts[write.kind] += 1;
        return store.write(write);
      },
      read: (name) => {
        counts.read += 1;
        return store.read(name);
      },
      list: () => store.list(),
      rows: (name, prefix) => store.rows(name, prefix),
    };
    const client = (seed: number) =>
      new LeaseClient({ store: counted, clock, random: new SeededRandom(seed), retryIntervalMs }).candidate(
        "w",
      );
    await client(1).campaign();
    const stop = new AbortController();
    const waiting = client(2)
      .campaign({ signal: stop.signal })
      .catch(() => undefined);
    await clock.advance(3_600_000);
    stop.abort();
    await clock.advance(1_000);
    await waiting;
    return counts;
  }

  /** A row of the guide: requests and dollars a month. */
  function stated(who: string): { readonly requests: number; readonly usd: string } {
    const row = read("docs/guides/elections.md")
      .split("\n")
      .find((line) => line.startsWith(`| ${who}`));
    const [, requests = "", usd = ""] = /\| ([\d,]+) [a-z ]+ \| ([\d.]+) \|$/.exec(row ?? "") ?? [];
    return { requests: Number(requests.replaceAll(",", "")), usd };
  }

  it("is what the guide states, counted in an hour of it", async () => {
    const [poll, push] = [await anHour(2_000), await anHour(600_000)];
    const rows = [
      ["the leader", poll.renew, PER_WRITE],
      ["each standby that polls", poll.read, PER_READ],
      ["each standby that is told", push.read, PER_READ],
      ["each candidate that registers", poll.register / 2, PER_WRITE],
    ] as const;
    for (const [who, counted, price] of rows) {
      const { requests, usd } = stated(who);
      expect(Math.abs(counted * HOURS_PER_MONTH - requests) / requests, who).toBeLessThan(0.02);
      expect((requests * price).toFixed(2), who).toBe(usd);
    }
  });
});
