import { describe, expect, it } from "vitest";
import type { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import type { Lease } from "../../lib/client/lease.ts";
import type { TryAcquireOptions } from "../../lib/client/results.ts";
import type { LeaseWrite } from "../../lib/core/writes.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { shifted } from "../support/shifted-clock.ts";

const MINUTES_MS = 60_000;
const STICKY = { id: "eu", forMs: MINUTES_MS };

async function leadOf(client: StoreLeaseClient, options: TryAcquireOptions): Promise<Lease> {
  const result = await client.tryAcquire("jobs", { sticky: STICKY, ...options });
  if (result.kind !== "acquired") throw new Error(result.reason);
  return result.lease;
}

describe("a term that another process of the same, stable id goes on with", () => {
  it("is not ended by the release of the process before, however late that lands", async () => {
    const { clock, table, store, client } = manual();
    const before = client().candidate("jobs", { id: "pod-0", register: false });
    const first = await before.campaign();
    const late: LeaseWrite[] = [];
    store.onWrite = async (write, pass) => {
      if (write.kind !== "release") return pass();
      late.push(write);
      return UNANSWERED;
    };
    expect(await before.resign()).toMatchObject({ kind: "unknown" });
    store.onWrite = undefined;
    await clock.advance(1_000);
    const lease = await client().candidate("jobs", { id: "pod-0", register: false }).campaign();
    expect(lease.token).toBe(first.token);
    expect(late.length).toBeGreaterThan(0);
    for (const write of late) expect((await table.write(write)).kind).toBe("refused");
    expect(await client().tryAcquire("jobs")).toMatchObject({ kind: "refused", reason: "held" });
    expect(lease.isHeld()).toBe(true);
    expect(await lease.release()).toEqual({ kind: "released" });
  });

  it("is released all the same by a process whose last renewal landed unanswered", async () => {
    const { store, client, table } = manual();
    const candidate = client().candidate("jobs", { id: "pod-0", register: false });
    const lease = await candidate.campaign();
    store.onWrite = async (write, pass) => {
      await pass();
      return write.kind === "renew" ? UNANSWERED : pass();
    };
    await expect(lease.renew()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    store.onWrite = undefined;
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(table.peek("jobs")?.holder).toBeUndefined();
  });

  it("has the priority and the lock-delay of the process that goes on with it", async () => {
    const { table, client } = manual();
    await client()
      .candidate("jobs", { id: "pod", priority: 10, reclaimDelayMs: 9_000, register: false })
      .campaign();
    expect(table.peek("jobs")).toMatchObject({ priority: 10, reclaimDelayMs: 9_000 });
    await client().candidate("jobs", { id: "pod", register: false }).campaign();
    expect(table.peek("jobs")).toMatchObject({ priority: 0, reclaimDelayMs: 0 });
  });
});

describe("a claim of a shared id by a clock that is minutes ahead", () => {
  it.each([
    ["a term that its own limit cuts short", { termLimitMs: 1_500 }, {}],
    ["a client of shorter terms", {}, { durationMs: 10_000 }],
  ])("makes no valid term look over sooner, for %s", async (_, term, timing) => {
    const { clock, client } = manual();
    const lease = await leadOf(client(), { tick: "1", renew: "manual" });
    await clock.advance(500);
    const ahead = client({ clock: shifted(clock, 5 * MINUTES_MS), ...timing });
    const asked = { sticky: STICKY, ...term };
    expect((await ahead.tryAcquire("jobs", { ...asked, tick: "2" })).kind).toBe("refused");
    for (let tick = 3; lease.isHeld(); tick += 1) {
      await clock.advance(800);
      const result = await ahead.tryAcquire("jobs", { ...asked, tick: String(tick) });
      if (result.kind === "acquired") expect(lease.isHeld(), "one leads").toBe(false);
    }
  });

  it("is not applied again by a late duplicate, once its correction has landed", async () => {
    const { clock, table, store, client } = manual();
    const ahead = client({ clock: shifted(clock, 5 * MINUTES_MS) });
    const lease = await leadOf(ahead, { tick: "2", tickPolicy: "until-success" });
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "correct"]);
    const [claim] = store.sent;
    await clock.advance(6_000);
    expect((await table.write(claim as LeaseWrite)).kind).toBe("refused");
    await lease.renew();
    expect(lease.isHeld()).toBe(true);
  });

  it("leaves no expiry minutes ahead where nobody was told of the term", async () => {
    const { clock, table, client } = manual();
    const first = await leadOf(client(), { tick: "1" });
    const { expiresAt = 0 } = table.peek("jobs") ?? {};
    await clock.advance(2_000);
    const ahead = client({ clock: shifted(clock, 10 * MINUTES_MS) });
    expect((await ahead.tryAcquire("jobs", { sticky: STICKY, tick: "2" })).kind).toBe("refused");
    const after = (await table.read("jobs")).record;
    expect(after?.expiresAt, "not before the term that it put aside").toBeGreaterThanOrEqual(expiresAt);
    expect(after?.expiresAt).toBeLessThan(expiresAt + 5_000);
    expect(first.isHeld()).toBe(true);
    await clock.advance(6_000);
    expect(first.end).toMatchObject({ reason: "superseded" });
    await clock.advance(20_000);
    expect((await client().tryAcquire("jobs", { sticky: STICKY, tick: "3" })).kind).toBe("acquired");
  });
});
