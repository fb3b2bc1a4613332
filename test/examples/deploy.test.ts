import { PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { runCli } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

const engine = engineForTests();

const clientOn = (tableName: string): LeaseClient =>
  new LeaseClient({
    tableName,
    client: engine.client,
    durationMs: 1_000,
    renewIntervalMs: 200,
    retryIntervalMs: 50,
  });

const run = (...args: string[]) => runCli({ endpoint: engine.endpoint }, ...args);

/** Makes a table of all rows of another, as a restore does, and as copying by hand does. */
async function copy(from: string, to: string): Promise<void> {
  await createLeaseTable(engine.client, to);
  const { Items = [] } = await engine.client.send(new ScanCommand({ TableName: from, ConsistentRead: true }));
  for (const Item of Items) await engine.client.send(new PutItemCommand({ TableName: to, Item }));
}

describe("the guide to deployment", { timeout: 30_000 }, () => {
  it("is right that tokens survive a restore, of a held lease as well, and that ticks since then do not", async () => {
    await createLeaseTable(engine.client, "live");
    await using live = clientOn("live");
    const first = await live.acquire("writer");
    const tick = "2026-01-31T02:00:00.000Z";
    await copy("live", "restored");
    // What happens after the restored point is not known there.
    await first.release();
    const later = await live.acquire("writer");
    await live.run("nightly-close", async () => {}, { tick });
    expect(later.token).toBeGreaterThan(first.token);
    await later.release();

    await using restored = clientOn("restored");
    const next = await restored.acquire("writer", { timeoutMs: 10_000 });
    expect(next.token).toBeGreaterThan(later.token);
    await next.release();
    expect((await restored.run("nightly-close", async () => {}, { tick })).kind).toBe("led");
  });

  it("moves an election to a new table with a higher token, its ticks and its marks", async () => {
    await createLeaseTable(engine.client, "old");
    await using old = clientOn("old");
    const tick = "2026-01-31T02:00:00.000Z";
    let last = 0;
    await old.run("nightly-close", async ({ token }) => void (last = token), { tick });
    const done = await run("--table", "old", "list", "--json");
    expect(JSON.parse(done.stdout)).toMatchObject([{ name: "nightly-close", state: "vacant", tick }]);

    await copy("old", "new");
    const shown = await run("--table", "new", "tick", "nightly-close", "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({ tick });
    await using moved = clientOn("new");
    expect((await moved.run("nightly-close", async () => {}, { tick })).kind).toBe("followed");
    const due = { tick: "2026-02-01T02:00:00.000Z" };
    const led = await moved.run("nightly-close", async ({ token }) => token, due);
    expect(led).toMatchObject({ kind: "led" });
    expect(led.kind === "led" && led.value > last).toBe(true);

    // Without a copy, too: a new table's tokens begin at the present time.
    await createLeaseTable(engine.client, "fresh");
    await using fresh = clientOn("fresh");
    await fresh.run("nightly-close", async ({ token }) => expect(token).toBeGreaterThan(last));
  });
});
