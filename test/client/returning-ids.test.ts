import { describe, expect, it } from "vitest";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

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
      .candidate("jobs", { id: "pod", priority: 10, lockDelayMs: 9_000, register: false })
      .campaign();
    expect(table.peek("jobs")).toMatchObject({ priority: 10, lockDelayMs: 9_000, durationMs: 24_000 });
    await client().candidate("jobs", { id: "pod", register: false }).campaign();
    expect(table.peek("jobs")).toMatchObject({ priority: 0, lockDelayMs: 0, durationMs: 15_000 });
  });
});
