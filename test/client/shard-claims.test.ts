import { describe, expect, it } from "vitest";
import type { StoreClientOptions } from "../../lib/client/client-core.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import type { WriteOutcome } from "../../lib/core/outcome.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led, settling } from "../support/groups.ts";
import { type Manual, manual } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";

const TICK = "2026-01-01T00:00:00.000Z";

/** A group that leads a shard already, so that its session stays open. */
async function opened(options: Partial<StoreClientOptions> = {}) {
  const world = manual();
  const group = world.client(options).group("jobs");
  const [first] = await leading(group, "first");
  return { world, group, first };
}

const isFirstClaim = ({ kind, row }: LeaseWrite): boolean => kind === "claim" && row === "lease#a";

interface Lost {
  /** Has the claim reach the table now. */
  readonly land: () => Promise<string>;
}

/** Has the first claim of shard `a` go without an answer, landed or not; what follows goes by `next`. */
function loseClaim(
  { store }: Manual,
  { landed = false, next }: { landed?: boolean; next?: Next } = {},
): Lost {
  let land: Lost["land"] | undefined;
  store.onWrite = async (write, pass) => {
    if (land !== undefined || !isFirstClaim(write)) return next === undefined ? pass() : next(write, pass);
    land = async () => (await pass()).kind;
    if (landed) await land();
    return UNANSWERED;
  };
  return { land: async () => (land === undefined ? expect.fail("nothing was claimed") : land()) };
}

type Next = (write: LeaseWrite, pass: () => Promise<WriteOutcome>) => Promise<WriteOutcome>;

describe("a claim of a shard that nobody answered", () => {
  it("that has landed is vacated at once, and leads nobody", async () => {
    const { world, group } = await opened();
    loseClaim(world, { landed: true });
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await world.clock.advance(10);
    expect(kindsOf(world, "lease#a")).toEqual(["claim", "abandon"]);
    const row = world.table.peek("jobs", "lease#a");
    expect(row).not.toHaveProperty("holder");
    expect(row?.ttl, "a vacancy may be deleted in time").toBeGreaterThan(world.clock.now().wall / 1_000);
    const other = led(await world.client().group("jobs").tryAcquire("a"));
    expect(other.token).toBeGreaterThan(row?.token ?? 0);
  });

  it("that has not is overtaken, so that it can never land", async () => {
    const { world, group } = await opened();
    const claim = loseClaim(world);
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await world.clock.advance(10);
    expect(kindsOf(world, "lease#a")).toEqual(["claim", "abandon", "void"]);
    const { token = 0 } = world.store.sent.find(isFirstClaim)?.set ?? {};
    expect(world.table.peek("jobs", "lease#a")).toMatchObject({ token, transitions: 0 });
    expect(await claim.land()).toBe("refused");
    expect(world.table.peek("jobs", "lease#a")).not.toHaveProperty("holder");
    await world.clock.advance(30_000);
    expect(kindsOf(world, "lease#a"), "and nothing more is sent").toHaveLength(3);
  });

  it("that lands between the two is vacated with the next try", async () => {
    const { world, group } = await opened();
    const came: string[] = [];
    const claim = loseClaim(world, {
      async next(write, pass) {
        if (write.kind === "void") came.push(await claim.land());
        return pass();
      },
    });
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await world.clock.advance(10);
    expect(came).toEqual(["written"]);
    expect(world.table.peek("jobs", "lease#a")).toHaveProperty("holder", group.id);
    await world.clock.advance(2_500);
    expect(world.table.peek("jobs", "lease#a")).not.toHaveProperty("holder");
    expect(kindsOf(world, "lease#a")).toEqual(["claim", "abandon", "void", "abandon"]);
  });

  it("is not forgotten while the table is out of reach, and forgotten when its session ends", async () => {
    const { world, group, first } = await opened();
    world.store.onWrite = async ({ row }, pass) => (row === "lease#a" ? UNANSWERED : pass());
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await world.clock.advance(60_000);
    const tries = kindsOf(world, "lease#a").length;
    expect(tries).toBeGreaterThan(25);
    await first?.release();
    await world.clock.advance(60_000);
    expect(kindsOf(world, "lease#a").length).toBeLessThanOrEqual(tries + 1);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("while another holds the shard is looked after ever more seldom, and overtaken once that one is gone", async () => {
    const { world, group } = await opened();
    const other = world.client().group("jobs");
    const [theirs] = await leading(other, "a");
    await world.clock.advance(1_000);
    const before = kindsOf(world, "lease#a").length;
    const claim = loseClaim(world);
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await world.clock.advance(600_000);
    expect(kindsOf(world, "lease#a").slice(before)).toEqual(["claim", "abandon"]);
    await theirs?.release();
    await world.clock.advance(60_000);
    expect(kindsOf(world, "lease#a").at(-1)).toBe("void");
    expect(await claim.land(), "it can never land").toBe("refused");
  });

  it.each([
    ["that is done", { tick: TICK }, "tick-done"],
    ["that is kept for its minimum hold", { holdAtLeastMs: 3_600_000 }, "reserved"],
    ["that is kept for an affinity", { affinity: "eu", affinityMs: 604_800_000 }, "reserved"],
  ])("is overtaken once, and takes nothing from a shard %s", async (_, options, reason) => {
    const retentionMs = 86_400_000;
    const { world, group } = await opened({ retentionMs });
    const other = world.client({ retentionMs }).group("jobs");
    const theirs = led(await other.tryAcquire("a", options));
    await world.clock.advance(1_000);
    const { tick } = { tick: undefined, ...options };
    const claim = loseClaim(world);
    await leaseErrorOf(group.tryAcquire("a", { tick }), "STORE_UNAVAILABLE");
    await theirs.release();
    const before = world.table.peek("jobs", "lease#a");
    const sent = kindsOf(world, "lease#a").length;
    await world.clock.advance(600_000);
    expect(kindsOf(world, "lease#a").slice(sent)).toEqual(["void"]);
    const after = world.table.peek("jobs", "lease#a");
    const { token, ttl = 0, revision, writeId } = after ?? {};
    expect(after).toEqual({ ...before, token, ttl, revision, writeId });
    expect(ttl, "TTL does not delete it sooner either").toBeGreaterThanOrEqual(before?.ttl ?? Infinity);
    expect(await claim.land()).toBe("refused");
    expect(await group.tryAcquire("a", { tick })).toMatchObject({ kind: "refused", reason });
  });

  it("without anything else to hold closes the session: what lands later is free for all", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const claim = loseClaim(world, {
      next: async (write, pass) => (write.row === "lease#a" ? UNANSWERED : pass()),
    });
    await leaseErrorOf(settling(world, group.tryAcquire("a")), "STORE_UNAVAILABLE");
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
    expect(await claim.land()).toBe("written");
    expect(world.table.peek("jobs", "lease#a")).toHaveProperty("holder", group.id);
    world.store.onWrite = undefined;
    expect((await world.client().group("jobs").get("a")).kind).toBe("expired");
    const other = led(await world.client().group("jobs").tryAcquire("a"));
    expect(other.token).toBeGreaterThan(world.store.sent.find(isFirstClaim)?.set.token ?? Infinity);
    await world.clock.advance(10_000);
    expect(other.isHeld()).toBe(true);
  });

  it("is no obstacle for the next attempt of its own process", async () => {
    const { world, group } = await opened();
    loseClaim(world, {
      landed: true,
      next: async ({ kind }, pass) => (kind === "abandon" || kind === "void" ? UNANSWERED : pass()),
    });
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    const lost = world.table.peek("jobs", "lease#a");
    const lease = led(await group.tryAcquire("a"));
    expect(lease.token).toBeGreaterThan(lost?.token ?? Infinity);
    world.store.onWrite = undefined;
    await world.clock.advance(10_000);
    expect(lease.isHeld(), "nor is the lease harmed by what settles the claim").toBe(true);
    expect(world.table.peek("jobs", "lease#a")).toMatchObject({ holder: group.id, token: lease.token });
  });
});

describe("a claim of a shard", () => {
  it("that is answered after its session has ended does not lead", async () => {
    const { world, group, first } = await opened();
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (isFirstClaim(write)) await gate.pass();
      return write.kind === "renew" ? UNANSWERED : outcome;
    };
    const attempt = leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await gate.reached;
    // A process that stands still: no deadline and no renewal in between.
    world.clock.freeze(20_000);
    gate.open();
    const { message } = await attempt;
    expect(message).toContain("answered after the session");
    expect(first?.isHeld()).toBe(false);
    expect(world.table.peek("jobs", "lease#a"), "its row says that it was claimed").toHaveProperty("holder");
    world.store.onWrite = undefined;
    const lease = led(await group.tryAcquire("a"));
    expect(lease.isHeld(), "the next session takes it over at once").toBe(true);
  });

  it("that is answered when a later session of its process leads already, does not lead either", async () => {
    const { world, group } = await opened();
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (isFirstClaim(write)) await gate.pass();
      return outcome;
    };
    const attempt = leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    await gate.reached;
    world.clock.freeze(20_000);
    const [other] = await leading(group, "b");
    expect(other?.isHeld()).toBe(true);
    gate.open();
    expect((await attempt).message).toContain("answered after the session");
    const lease = led(await group.tryAcquire("a"));
    expect(world.table.peek("jobs", "lease#a")).toMatchObject({ token: lease.token, transitions: 2 });
  });

  it("waits for the other of its own process, and then finds it held", async () => {
    const { world, group } = await opened();
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      if (isFirstClaim(write)) await gate.pass();
      return pass();
    };
    const both = [group.tryAcquire("a"), group.tryAcquire("a")];
    await gate.reached;
    await world.clock.advance(100);
    expect(kindsOf(world, "lease#a")).toEqual(["claim"]);
    gate.open();
    const [first, second] = await Promise.all(both);
    expect(first?.kind).toBe("acquired");
    expect(second).toMatchObject({ kind: "refused", reason: "held", state: { holder: group.id } });
  });
});

describe("a release of a shard that nobody answers", () => {
  it("is sent until somebody does: its session goes on, and would hold the shard for ever", async () => {
    const { world, group } = await opened();
    const lease = led(await group.tryAcquire("a"));
    world.store.onWrite = async ({ kind, row }, pass) =>
      kind === "release" && row === "lease#a" ? UNANSWERED : pass();
    expect((await lease.release()).kind).toBe("unknown");
    expect(lease.isHeld()).toBe(false);
    await world.clock.advance(20_000);
    expect(kindsOf(world, "lease#a").length).toBeGreaterThan(8);
    world.store.onWrite = undefined;
    await world.clock.advance(2_500);
    expect(world.table.peek("jobs", "lease#a")).not.toHaveProperty("holder");
    const sent = kindsOf(world, "lease#a").length;
    await world.clock.advance(20_000);
    expect(kindsOf(world, "lease#a")).toHaveLength(sent);
  });

  it("harms no later term of the same holder", async () => {
    const { world, group } = await opened();
    const lease = led(await group.tryAcquire("a"));
    const late: (() => Promise<WriteOutcome>)[] = [];
    world.store.onWrite = async ({ kind, row }, pass) => {
      if (kind !== "release" || row !== "lease#a") return pass();
      late.push(pass);
      return UNANSWERED;
    };
    expect((await lease.release()).kind).toBe("unknown");
    await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    world.store.onWrite = undefined;
    const again = led(await group.tryAcquire("a"));
    expect(again.token).toBeGreaterThan(lease.token);
    for (const land of late) expect((await land()).kind).toBe("refused");
    await world.clock.advance(10_000);
    expect(again.isHeld()).toBe(true);
    expect(world.table.peek("jobs", "lease#a")).toMatchObject({ holder: group.id, token: again.token });
  });
});

describe("a claim of a shard that is under way when its client is closed", () => {
  it.each(["lease#a", "session#"])("says so, wherever it is: at %s", async (row) => {
    const world = manual();
    const client = world.client();
    const group = client.group("jobs");
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      if (write.kind === "claim" && write.row?.startsWith(row) === true) await gate.pass();
      return pass();
    };
    const trying = group.tryAcquire("a");
    trying.catch(() => undefined);
    await gate.reached;
    const closing = client.close();
    gate.open();
    await leaseErrorOf(trying, "CLIENT_CLOSED");
    await settling(world, closing);
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
  });
});
