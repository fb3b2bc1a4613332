import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { noted } from "../support/candidates.ts";

const POD = { id: "pod-0", register: false } as const;
/** A process that is gone renews no more. */
const DIES = { ...POD, renew: "manual" } as const;

describe("a process that restarts under a declared-stable id", () => {
  it("goes on with the term that it left: same token, 2 requests, no transition", async () => {
    const { client, clock, store, table } = manual();
    using heard = hear("a");
    const before = await client().candidate("a", DIES).campaign();
    await before.proclaim("here");
    await clock.advance(5_000);
    const sent = store.requests;
    const { candidate, told } = noted(client(), "a", POD);
    const after = await candidate.campaign();
    expect(store.requests - sent).toBe(2);
    expect(after.token).toBe(before.token);
    expect(after.holder).toBe("pod-0");
    expect(told).toEqual([`elected ${before.token}`, "leader pod-0"]);
    expect(heard.of("acquired").at(-1)).toMatchObject({ because: "own-term", requests: 2 });
    expect(table.peek("a")).toMatchObject({ transitions: 1, revision: 3, value: "here" });
    await clock.advance(60_000);
    expect(after.isHeld(), "renewed as any other").toBe(true);
    await candidate.resign();
    expect(table.peek("a")?.holder).toBeUndefined();
  });

  it("begins a new term once the one that it left is over, or was released", async () => {
    const { client, clock, store } = manual();
    const before = await client().candidate("a", DIES).campaign();
    await clock.advance(18_000);
    const expired = client().candidate("a", POD);
    const after = await expired.campaign();
    expect(after.token).toBeGreaterThan(before.token);
    await expired.resign();
    await clock.advance(10);
    const sent = store.requests;
    const again = client().candidate("a", POD);
    expect((await again.campaign()).token).toBeGreaterThan(after.token);
    expect(store.requests - sent).toBe(1);
    await again.resign();
  });

  it("does not go on with another's term, nor does another go on with its own", async () => {
    const { client, clock } = manual();
    await client().candidate("a", DIES).campaign();
    for (const id of ["pod-1", "pod-", "pod-00"]) {
      const other = client().candidate("a", { id, register: false });
      await leaseErrorOf(other.campaign({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    }
    expect((await client({ holder: "pod-0" }).tryAcquire("a")).kind).toBe("refused");
    await clock.advance(0);
  });

  it("does not lead when its resumption is not answered, gives it up, and leads by another try", async () => {
    for (const landed of [true, false]) {
      const { client, clock, store, table } = manual();
      const before = await client().candidate("a", DIES).campaign();
      const timers = clock.pendingTimers;
      let tries = 0;
      store.onWrite = async (write, pass) => {
        if (write.kind !== "resume" || (tries += 1) > 1) return pass();
        if (landed) await pass();
        return UNANSWERED;
      };
      const { candidate, told } = noted(client(), "a", POD);
      const campaigning = candidate.campaign();
      await clock.advance(0);
      expect(told).toEqual([]);
      expect(candidate.lease).toBeUndefined();
      await clock.advance(2_000);
      const lease = await campaigning;
      if (landed) expect(lease.token, "the abandoned term is over").toBeGreaterThan(before.token);
      else expect(lease.token).toBe(before.token);
      expect(table.peek("a")?.token).toBe(lease.token);
      await candidate.resign();
      expect(clock.pendingTimers, "what the dead process had set").toBe(timers);
    }
  });

  it("refuses to resume what was renewed in between", async () => {
    const { client, clock, store, table } = manual();
    await client().candidate("a", DIES).campaign();
    store.onWrite = async (write, pass) => {
      const row = table.peek("a");
      if (write.kind === "resume" && row !== undefined) {
        table.restore({
          ...row,
          holder: "eve",
          token: row.token + 1,
          revision: row.revision + 1,
          writeId: "w",
        });
      }
      return pass();
    };
    const { candidate, told } = noted(client(), "a", POD);
    const campaigning = leaseErrorOf(candidate.campaign({ timeoutMs: 10 }), "ACQUIRE_TIMEOUT");
    await clock.advance(10);
    await campaigning;
    expect(told).toEqual(["leader eve"]);
    expect(table.peek("a")?.holder).toBe("eve");
  });
});

describe("a candidate of long life", () => {
  it.each([
    ["declared stable", POD],
    ["with an id of its own", { register: false }],
  ])("%s takes its own ended term again at once, as a new term", async (_, options) => {
    const { client, clock, store, table } = manual();
    using heard = hear("a");
    const { candidate } = noted(client(), "a", { ...options, renew: "manual" });
    const first = await candidate.campaign();
    store.onWrite = async (write, pass) => (write.kind === "release" ? UNANSWERED : pass());
    expect(await candidate.resign()).toMatchObject({ kind: "unknown" });
    expect(table.peek("a")?.holder, "its release got lost").toBe(candidate.id);
    store.onWrite = undefined;
    const sent = store.requests;
    const second = await candidate.campaign();
    expect(store.requests - sent).toBe(2);
    expect(second.token).toBeGreaterThan(first.token);
    expect(heard.of("acquired").at(-1)).toMatchObject({ because: "own-term" });
    expect(first.isHeld()).toBe(false);
    await clock.advance(0);
  });

  it("is not disturbed by a release of the term before that lands late", async () => {
    const { client, store, table, clock } = manual();
    const late: (() => Promise<unknown>)[] = [];
    const candidate = client().candidate("a", { register: false });
    await candidate.campaign();
    store.onWrite = async (write, pass) => {
      if (write.kind !== "release") return pass();
      late.push(pass);
      return UNANSWERED;
    };
    await candidate.resign();
    store.onWrite = undefined;
    const second = await candidate.campaign();
    for (const land of late) await land();
    expect(table.peek("a")?.holder).toBe(candidate.id);
    await second.renew();
    expect(second.isHeld()).toBe(true);
    await candidate.resign();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a second process under the same stable id, against the rule", () => {
  it("makes the first superseded at its next renewal, by its own id and token, and neither renews the other", async () => {
    const { client, clock } = manual();
    const first = noted(client(), "a", POD);
    await first.candidate.campaign(); // A run would campaign again, against the second.
    await clock.advance(2_000);
    const second = await client().candidate("a", POD).campaign();
    expect(second.token).toBe(first.leases[0]?.token);
    await clock.advance(3_000);
    expect(first.ends).toEqual([{ reason: "superseded", by: "pod-0", token: second.token }]);
    await clock.advance(30_000);
    expect(second.isHeld(), "and renews undisturbed").toBe(true);
  });

  it("does not make it take the other's renewals for its own unanswered ones", async () => {
    const { client, clock, store } = manual();
    const first = await client().candidate("a", DIES).campaign();
    store.onWrite = async (write, pass) => (write.kind === "renew" ? UNANSWERED : pass());
    await leaseErrorOf(first.renew(), "STORE_UNAVAILABLE");
    store.onWrite = undefined;
    const second = await client().candidate("a", DIES).campaign();
    await second.renew();
    await leaseErrorOf(first.renew(), "LEASE_LOST");
    expect(first.end).toMatchObject({ reason: "superseded", by: "pod-0" });
    await second.renew();
    await clock.advance(0);
  });

  it("follows its own unanswered renewal that landed, all the same", async () => {
    const { client, store } = manual();
    const lease = await client().candidate("a", DIES).campaign();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      return write.kind === "renew" ? UNANSWERED : outcome;
    };
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    store.onWrite = undefined;
    await lease.renew();
    expect(lease.isHeld()).toBe(true);
  });
});
