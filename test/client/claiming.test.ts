import { describe, expect, it } from "vitest";
import { epochMs } from "../../lib/core/units.ts";
import type { ManualClock } from "../../lib/testing/manual-clock.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { manual, never } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { ProcessClock } from "../support/process-clock.ts";

describe("a claim that nobody answers", () => {
  it("ends in bounded time, is neither a win nor a loss, and is given up", async () => {
    const { clock, client, store, table } = manual();
    const signals: AbortSignal[] = [];
    store.onWrite = (write, pass, { signal }) => {
      signals.push(signal);
      return write.kind === "claim" ? never() : pass();
    };
    const begun = clock.now().mono;
    const trying = leaseErrorOf(client().tryAcquire("hung"), "STORE_UNAVAILABLE");
    await clock.advance(3_000);
    const error = await trying;
    expect(clock.now().mono - begun).toBe(3_000);
    expect(error.lease).toBe("hung");
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(signals[0]?.aborted).toBe(true);
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "abandon"]);
    expect(table.peek("hung")).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends in bounded time also when nothing else is answered either", async () => {
    const { clock, client, store } = manual();
    store.onWrite = never;
    const trying = leaseErrorOf(client().tryAcquire("dead"), "STORE_UNAVAILABLE");
    await clock.advance(6_000);
    await trying;
    expect(clock.pendingTimers).toBe(0);
  });

  it("but was applied is vacated at once", async () => {
    const { client, store, table } = manual();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      return write.kind === "claim" ? UNANSWERED : outcome;
    };
    await leaseErrorOf(client().tryAcquire("landed"), "STORE_UNAVAILABLE");
    expect(table.peek("landed")?.token).toBeGreaterThan(0);
    expect(table.peek("landed")?.holder).toBeUndefined();
  });

  it("and lands after it was given up is recognised by its client, and by nobody else", async () => {
    const { client, store, clock, table } = manual();
    using heard = hear("ghost");
    const leases = client();
    const late: (() => Promise<unknown>)[] = [];
    store.onWrite = async (write, pass) => {
      if (write.kind !== "claim") return pass();
      late.push(pass);
      return UNANSWERED;
    };
    await leaseErrorOf(leases.tryAcquire("ghost"), "STORE_UNAVAILABLE");
    store.onWrite = undefined;
    for (const land of late) await land();
    expect(table.peek("ghost")?.holder, "a term that nobody was told of").toBeDefined();
    expect((await client().tryAcquire("ghost")).kind).toBe("refused");
    await clock.advance(10);
    const result = await leases.tryAcquire("ghost");
    expect(result.kind).toBe("acquired");
    expect(heard.of("acquired").at(-1)).toMatchObject({ because: "own-claim", requests: 2 });
  });

  it("does not make its client take a term that it was told of for nobody's", async () => {
    const { client } = manual();
    const leases = client();
    const lease = await leases.acquire("own");
    expect((await leases.tryAcquire("own")).kind).toBe("refused");
    expect(lease.isHeld()).toBe(true);
  });
});

describe("a claim by a wrong clock", () => {
  it("that is corrected keeps a token above the one that it found", async () => {
    const { client, table, clock } = manual();
    const first = await client().acquire("skew");
    await first.release();
    await clock.advance(50);
    const ahead = client({ clock: skewedBy(clock, 600_000) });
    const lease = await ahead.acquire("skew");
    expect(lease.token).toBeGreaterThan(first.token);
    expect(lease.token).toBeLessThan(clock.now().wall + 2_000);
    expect(table.peek("skew")?.token).toBe(lease.token);
  });

  it("is not told to anybody before it is corrected, and given up when the correction is not answered", async () => {
    const { client, clock, store, table } = manual();
    using heard = hear("half");
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      return write.kind === "correct" ? UNANSWERED : outcome;
    };
    const leases = client({ clock: skewedBy(clock, -600_000) });
    await leaseErrorOf(leases.tryAcquire("half"), "STORE_UNAVAILABLE");
    expect(table.peek("half")?.holder).toBeUndefined();
    expect(heard.of("acquired")).toEqual([]);
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "correct", "abandon", "abandon"]);
  });

  it("is vacated before its correction, which then cannot land any more", async () => {
    const { client, clock, store, table } = manual();
    const late: (() => Promise<unknown>)[] = [];
    store.onWrite = async (write, pass) => {
      if (write.kind !== "correct") return pass();
      late.push(pass);
      return UNANSWERED;
    };
    const leases = client({ clock: skewedBy(clock, -600_000) });
    await leaseErrorOf(leases.tryAcquire("whole"), "STORE_UNAVAILABLE");
    expect(table.peek("whole")?.holder).toBeUndefined();
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "correct", "abandon"]);
    for (const land of late) await land();
    expect(table.peek("whole")?.holder).toBeUndefined();
  });

  it("stands by when another took the lease before it could be corrected", async () => {
    const { client, clock, store, table } = manual();
    store.onWrite = async (write, pass) => {
      const row = table.peek("raced");
      if (write.kind === "correct" && row !== undefined) {
        const expiresAt = epochMs(clock.now().wall + 15_000);
        const [token, revision] = [row.token + 1, row.revision + 1];
        table.restore({ ...row, holder: "eve", token, revision, expiresAt, writeId: "w" });
      }
      return pass();
    };
    const result = await client({ clock: skewedBy(clock, -600_000) }).tryAcquire("raced");
    expect(result).toMatchObject({ kind: "refused", reason: "held", state: { holder: "eve" } });
    expect(table.peek("raced")?.holder).toBe("eve");
  });

  it("is not lowered below what it may have found, when its answer was recognised by a retry", async () => {
    const { client, clock, store } = manual();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (write.kind !== "claim" || outcome.kind !== "written") return outcome;
      return { ...outcome, tokenBefore: undefined };
    };
    const lease = await client({ clock: skewedBy(clock, 600_000) }).acquire("retry");
    expect(lease.token).toBe(clock.now().wall + 600_000);
  });
});

describe("contention", () => {
  it("makes a candidate stand by after a few writes, rather than write for ever", async () => {
    const { client, store, table } = manual();
    let turns = 0;
    store.onWrite = async (write, pass) => {
      turns += 1;
      // Somebody else comes first, every time, and is gone again.
      table.restore({
        name: write.name,
        token: 9e12 + turns,
        revision: turns,
        writeId: `other-${turns}`,
        durationMs: 1_000,
        transitions: turns,
      });
      return pass();
    };
    expect(await client().tryAcquire("busy")).toMatchObject({ kind: "refused", reason: "held" });
    expect(turns).toBeLessThanOrEqual(4);
  });
});

function skewedBy(clock: ManualClock, ms: number): ProcessClock {
  const own = new ProcessClock(clock);
  own.stepWall(ms);
  return own;
}
