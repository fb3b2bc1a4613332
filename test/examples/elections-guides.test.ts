import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LeaseClient, type LeaseStore } from "leasehold";
import { InMemoryLeaseStore, ManualClock, SeededRandom } from "leasehold/testing";
import { describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repo, path), "utf8");
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const MIGRATIONS = ["from-etcd", "from-kubernetes", "from-shedlock", "from-zookeeper-and-curator"];
const GUIDES = [...MIGRATIONS, "elections"];

/** Code blocks that name the example they are taken from. */
function snippetsOf(guide: string): { readonly file: string; readonly code: string }[] {
  const blocks = read(`docs/guides/${guide}.md`).matchAll(
    /<!-- (examples\/[\w-]+\.ts) -->\n```ts\n(.*?)```/gs,
  );
  return [...blocks].map(([, file = "", code = ""]) => ({ file, code }));
}

describe("a guide", () => {
  it.each(MIGRATIONS)("%s shows its whole program as it is", (guide) => {
    expect(snippetsOf(guide)).toEqual([{ file: `examples/${guide}.ts`, code: read(`examples/${guide}.ts`) }]);
  });

  it.each(snippetsOf("elections"))("elections shows $file as it is, in its order", ({ file, code }) => {
    const rest = linesOf(read(file));
    for (const line of linesOf(code)) {
      const at = rest.indexOf(line);
      expect(at, `"${line}" is not in ${file}, or not in this order`).toBeGreaterThanOrEqual(0);
      rest.splice(0, at + 1);
    }
  });

  it.each(GUIDES)("%s shows no code that is not an example", (guide) => {
    const blocks = read(`docs/guides/${guide}.md`).match(/^```\w+$/gm) ?? [];
    expect(snippetsOf(guide)).toHaveLength(blocks.length);
    expect(blocks.length).toBeGreaterThan(0);
  });

  it.each(GUIDES)("%s links to pages and headings that exist", (guide) => {
    const page = `docs/guides/${guide}.md`;
    for (const [, target = "", anchor] of read(page).matchAll(/\]\(([^)#]*)(?:#([^)]+))?\)/g)) {
      const path = target === "" ? page : join("docs/guides", target);
      expect(existsSync(join(repo, path)), `${page} links to ${target}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(path), `${page} links to ${target}#${anchor}`).toContain(anchor);
    }
  });
});

/** Anchors as GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

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
      candidates: (name) => store.candidates(name),
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
