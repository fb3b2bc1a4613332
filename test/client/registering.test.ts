import { describe, expect, it } from "vitest";
import { isLeaseError } from "../../lib/core/errors.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import { untilStopped } from "../support/candidates.ts";

const call = { signal: new AbortController().signal };

describe("a registration", () => {
  it("is made once the candidate stands by, or leads, and says who, how strong and until when", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const [ann, bob] = [leases.candidate("a", { priority: 4 }), leases.candidate("a")];
    await ann.campaign();
    const waiting = leaseErrorOf(bob.campaign(), "ABORTED");
    await clock.advance(100);
    const { wall } = clock.now();
    expect(await leases.candidates("a")).toEqual([
      { id: ann.id, priority: 4, since: wall - 100, expiresAt: wall - 100 + 60_000 },
      { id: bob.id, priority: 0, since: wall - 100, expiresAt: wall - 100 + 60_000 },
    ]);
    const rows: readonly LeaseRecord[] = (await table.rows("a", "candidate#")).records;
    for (const { ttl } of rows) {
      const lapsesMs = wall - 100 + 60_000;
      expect(Number(ttl) * 1_000 - lapsesMs, "kept an hour after it lapsed").toBeGreaterThanOrEqual(
        3_600_000,
      );
      expect(Number(ttl) * 1_000 - lapsesMs).toBeLessThan(3_601_000);
    }
    await bob.resign();
    await waiting;
    await ann.resign();
  });

  it("is refreshed at half its time, for as long as the candidate stands, without losing its beginning", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const candidate = leases.candidate("a", { registrationMs: 10_000 });
    await candidate.campaign();
    const stands = (): number => store.sent.filter(({ kind }) => kind === "register").length;
    expect(stands()).toBe(1);
    const since = (await leases.candidates("a"))[0]?.since;
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      expect(await leases.candidates("a")).toMatchObject([{ id: candidate.id, since }]);
    }
    expect(stands()).toBe(13);
    await candidate.resign();
  });

  it("is left behind by nobody who resigns: not in the list, not in a timer, not in a request", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const candidate = leases.candidate("a");
    await candidate.campaign();
    await clock.advance(40_000);
    await candidate.resign();
    expect(await leases.candidates("a")).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    const { requests } = store;
    await clock.advance(600_000);
    expect(store.requests).toBe(requests);
  });

  it("waits for one under way when the candidate resigns, and has the last word", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const gate = new Gate();
    let stands = 0;
    store.onWrite = async (write, pass) => {
      if (write.kind === "register" && (stands += 1) === 1) await gate.pass();
      return pass();
    };
    const candidate = leases.candidate("a");
    await candidate.campaign();
    await gate.reached;
    let resigned = false;
    const resigning = candidate.resign().finally(() => {
      resigned = true;
    });
    await clock.advance(0);
    expect(resigned).toBe(false);
    gate.open();
    await resigning;
    expect(await leases.candidates("a")).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("lasts through the terms of a run and the time between them, and ends with the run", async () => {
    const { client, clock } = manual();
    const leases = client();
    const candidate = leases.candidate("a", { registrationMs: 5_000 });
    let terms = 0;
    const running = candidate.run(async () => (terms += 1));
    for (let second = 0; second < 30; second += 1) {
      await clock.advance(1_000);
      expect(await leases.candidates("a"), `second ${second}`).toHaveLength(1);
    }
    expect(terms).toBeGreaterThan(5);
    await candidate.resign();
    await running;
    expect(await leases.candidates("a")).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends with a term that a campaign won and that was lost", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const candidate = leases.candidate("a");
    await candidate.campaign();
    table.delete("a");
    await clock.advance(5_000);
    expect(candidate.lease).toBeUndefined();
    expect(await leases.candidates("a")).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("lapses by the service's clock when its candidate is gone, whatever the reader's clock says", async () => {
    const { client, clock } = manual();
    const gone = client();
    const candidate = gone.candidate("a", { renew: "manual", registrationMs: 10_000 });
    await candidate.campaign();
    const reader = client();
    await clock.advance(4_000);
    clock.freeze(5_400); // Nobody refreshes.
    expect(await reader.candidates("a"), "9.4 s old").toHaveLength(1);
    clock.freeze(1_600);
    expect(await reader.candidates("a"), "11 s old, to the second that headers show").toEqual([]);
  });

  it("that cannot be written disturbs nothing, and is made good at its next turn", async () => {
    for (const fails of [
      () => Promise.reject(new Error("no way through")),
      () => Promise.resolve(UNANSWERED),
      never,
    ]) {
      const { client, clock, store } = manual();
      const leases = client();
      store.onWrite = async (write, pass) => (write.kind === "register" ? fails() : pass());
      const candidate = leases.candidate("a");
      const running = candidate.run(untilStopped);
      await clock.advance(29_000);
      expect(candidate.lease?.isHeld()).toBe(true);
      expect(await leases.candidates("a")).toEqual([]);
      store.onWrite = undefined;
      await clock.advance(1_000);
      expect(await leases.candidates("a")).toHaveLength(1);
      await candidate.resign();
      await running;
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it("does not keep a resignation waiting beyond the deadlines of its requests", async () => {
    const { client, clock, store } = manual();
    const candidate = client().candidate("a");
    await candidate.campaign();
    store.onWrite = never;
    let done = false;
    const resigning = candidate.resign().finally(() => {
      done = true;
    });
    await clock.advance(9_000);
    expect(done, "two releases and one leave, 3 s each").toBe(true);
    expect(await resigning).toMatchObject({ kind: "unknown" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("is not made when it is switched off, nor by those who do not stand", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const candidate = leases.candidate("a", { register: false });
    await candidate.campaign();
    await leases.tryAcquire("a");
    await clock.advance(60_000);
    await candidate.resign();
    await (await leases.acquire("b")).release();
    expect(store.sent.filter(({ kind }) => kind === "register")).toEqual([]);
  });
});

describe("the list of who stands", () => {
  it("is sorted by strength, then by who stood first", async () => {
    const { client, clock } = manual();
    const leases = client();
    const enders: AbortController[] = [];
    const runs: Promise<void>[] = [];
    const ids: Record<string, string> = {};
    for (const [label, priority] of [
      ["weak", -1],
      ["early", 3],
      ["late", 3],
      ["strong", 9],
    ] as const) {
      const candidate = leases.candidate("a", { holder: label, priority, minTermMs: 86_400_000 });
      ids[label] = candidate.id;
      const ender = new AbortController();
      enders.push(ender);
      runs.push(candidate.run(untilStopped, { signal: ender.signal }));
      await clock.advance(1_000);
    }
    const listed = (await leases.candidates("a")).map(({ id }) => id);
    expect(listed).toEqual(["strong", "early", "late", "weak"].map((label) => ids[label]));
    for (const ender of enders) ender.abort();
    await Promise.all(runs);
  });

  it("is read with one request, names no other lease's candidates, and checks the name", async () => {
    const { client, store } = manual();
    const leases = client();
    await leases.candidate("a/b", { id: "x" }).campaign();
    const before = store.requests;
    expect(await leases.candidates("a")).toEqual([]);
    expect(store.requests - before).toBe(1);
    await leaseErrorOf(leases.candidates(""), "INVALID_ARGUMENT");
    await leases.close();
    await leaseErrorOf(leases.candidates("a"), "CLIENT_CLOSED");
  });

  it("ends in bounded time when the store does not answer", async () => {
    const { client, clock, store } = manual();
    const inner = store.rows.bind(store);
    store.rows = (...of) => Promise.race([inner(...of).then(never), never()]);
    const listing = client()
      .candidates("a")
      .catch((error: unknown) => error);
    await clock.advance(3_000);
    expect(isLeaseError(await listing, "STORE_UNAVAILABLE")).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(call.signal.aborted).toBe(false);
  });
});
