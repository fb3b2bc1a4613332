import { describe, expect, it } from "vitest";
import { parsePermits, parseShard, parseShards, parseWorker } from "../../lib/core/group-options.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";

const refusal = (call: () => unknown): string => leaseErrorIn(call, "INVALID_ARGUMENT").message;

describe("a shard's name", () => {
  it("is 1 to 512 bytes of text", () => {
    expect(parseShard("a")).toBe("a");
    expect(parseShard("é".repeat(256))).toHaveLength(256);
    expect(refusal(() => parseShard(""))).toBe("shard must be a string of 1 to 512 bytes, not one of 0");
    expect(refusal(() => parseShard("é".repeat(257)))).toContain("not one of 514");
    expect(refusal(() => parseShard(7))).toContain('not "7" (number)');
  });

  it("is checked in a list by its place, and so is that none is there twice", () => {
    expect(parseShards([])).toEqual([]);
    expect(parseShards(["b", "a"])).toEqual(["b", "a"]);
    expect(refusal(() => parseShards(["a", 7]))).toMatch(/^shards\[1\] must be a string/);
    expect(refusal(() => parseShards(["a", "b", "a"]))).toBe('shards must not name a shard twice: "a"');
    expect(refusal(() => parseShards("ab"))).toMatch(/^shards must be an array of names/);
  });
});

it("permits are a whole number from 1 to 10,000", () => {
  expect([parsePermits(1), parsePermits(10_000)]).toEqual([1, 10_000]);
  for (const permits of [0, 10_001, 1.5, "2", NaN, undefined])
    expect(refusal(() => parsePermits(permits))).toMatch(
      /^permits must be a whole number from 1 to 10000, not "/,
    );
});

describe("a worker's settings", () => {
  const worker = (changes: Record<string, unknown>) => parseWorker({ shards: ["a"], ...changes });

  it("have defaults", () => {
    expect(worker({})).toEqual({
      weight: 1,
      maxShards: undefined,
      shardsIntervalMs: 60_000,
      troubleLimitMs: Infinity,
    });
  });

  it("are taken up to their bounds", () => {
    const bounds = { weight: 1_000, maxShards: 1_000_000, shardsIntervalMs: 50, troubleLimitMs: 0 };
    expect(worker(bounds)).toEqual(bounds);
    expect(worker({ weight: 1e-12, maxShards: 0 })).toMatchObject({ weight: 1e-12, maxShards: 0 });
    expect(worker({ maxShards: Infinity }).maxShards).toBeUndefined();
    expect(worker({ shards: () => [] }).weight).toBe(1);
  });

  it.each([
    ["weight", [0, -1, 1e-131, 9.9e-13, 1_001, NaN, "1", Infinity], "from 1e-12 to 1000"],
    ["maxShards", [-1, 1_000_001, 1.5, "1", NaN], "from 0 to 1000000"],
    ["shardsIntervalMs", [49, 86_400_001, 50.5, "60"], "from 50 to 86400000"],
    ["troubleLimitMs", [-1, 604_800_001, 1.5], "from 0 to 604800000"],
  ])("%s is refused out of bounds, by name, value and bound", (option, values, bound) => {
    for (const value of values) {
      const message = refusal(() => worker({ [option]: value }));
      expect(message).toMatch(new RegExp(`^${option} must be`));
      expect(message).toContain(bound);
      expect(message).toContain(String(value));
    }
  });
});

describe("what a group, a shard or a semaphore does not know", () => {
  it.each([
    ["group", { permits: 1 }, /permits/],
    ["group", { termLimitMs: 1 }, /termLimitMs/],
    ["group", { durationMs: 10 }, /^durationMs/],
    ["group", { lockDelayMs: -1 }, /^lockDelayMs/],
    ["group", { id: "" }, /^id must/],
    ["group", { id: "@eu" }, /id/],
    ["semaphore", { permits: 0 }, /^permits/],
    ["semaphore", { permits: 1, tick: "2026-01-01T00:00:00Z" }, /tick/],
    ["semaphore", { permits: 1, holdAtLeastMs: -1 }, /^holdAtLeastMs/],
    ["semaphore", undefined, /permits/],
  ] as const)("is refused by %s(%o)", (maker, options, message) => {
    const client = manual().client();
    expect(refusal(() => client[maker]("jobs", options as never))).toMatch(message);
  });

  it.each([
    [{ renew: "manual" }, /renew/],
    [{ durationMs: 1_000 }, /durationMs/],
    [{ lockDelayMs: 1_000 }, /lockDelayMs/],
    [{ priority: 1 }, /priority/],
    [{ drainMs: -1 }, /^drainMs/],
    [{ holdAtLeastMs: 0.5 }, /^holdAtLeastMs/],
    [{ affinity: "" }, /^affinity/],
    [{ tick: "yesterday" }, /^tick/],
  ])("is refused by tryAcquire(%o), before anything is sent", async (options, message) => {
    const world = manual();
    const group = world.client().group("jobs");
    const error: unknown = await group.tryAcquire("a", options as never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((error as Error).message).toMatch(message);
    expect(world.store.requests).toBe(0);
  });

  it("is refused of names, too", async () => {
    const client = manual().client();
    expect(refusal(() => client.group(""))).toMatch(/^name must/);
    expect(refusal(() => client.semaphore("", { permits: 1 }))).toMatch(/^name must/);
    const group = client.group("jobs");
    for (const call of [
      () => group.tryAcquire(""),
      () => group.acquire(""),
      () => group.run("", async () => 1),
      () => group.get(""),
      () => group.requestStepDown(""),
      () => group.forceRelease(""),
      () => group.rewindTick(""),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/^shard must/) as string,
      });
    expect(refusal(() => group.observe(""))).toMatch(/^shard must/);
  });
});
