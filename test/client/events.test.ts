import { spawnSync } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { hear } from "../support/lease-events.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

describe("what is published", () => {
  it("tells the story of a term: acquired, renewed, failed, released", async () => {
    const { clock, client, store } = manual();
    using heard = hear("story");
    const lease = await client().acquire("story");
    await clock.advance(5_000);
    store.onWrite = async () => UNANSWERED;
    await clock.advance(5_000);
    store.onWrite = undefined;
    await lease.release();
    const about = { lease: "story", holder: lease.holder, token: lease.token };
    expect(heard.all).toMatchObject([
      { event: "acquired", ...about, requests: 1, because: "vacant" },
      { event: "renewed", ...about, latencyMs: 0, marginMs: 9_923, remainingMs: 14_923 },
      { event: "requestFailed", lease: "story", holder: lease.holder, request: "renew", lastingMs: 0 },
      { event: "renewalFailed", ...about, cause: expect.any(Error) },
      { event: "contactRestored", lease: "story", holder: lease.holder, lastingMs: 0 },
      { event: "released", ...about, result: { kind: "released" }, tick: undefined },
    ]);
  });

  it("tells who leads when a candidate is refused, and when to ask again", async () => {
    const { client } = manual();
    const lease = await client().acquire("refused");
    using heard = hear("refused");
    const result = await client({ holder: "bob" }).tryAcquire("refused");
    if (result.kind !== "refused") throw new Error("two leaders");
    const [event] = heard.all;
    expect(event).toMatchObject({
      event: "refused",
      reason: "held",
      leader: lease.holder,
      leaderToken: lease.token,
      retryAfterMs: result.retryAfterMs,
    });
    expect(event?.["holder"]).toMatch(/^bob\//);
  });

  it("tells how long a renewal took, and how near the term was to its end when the answer came", async () => {
    const { clock, client, store } = manual();
    using heard = hear("slow");
    const lease = await client({ requestTimeoutMs: 4_000 }).acquire("slow", { renew: "manual" });
    await clock.advance(9_000);
    store.onWrite = async (_write, pass) => {
      await clock.advance(2_500);
      return pass();
    };
    await lease.renew();
    store.onWrite = undefined;
    const [renewed] = heard.of("renewed");
    expect(renewed).toMatchObject({ latencyMs: 2_500 });
    // 15 s from the claim on, less the drift that is allowed for.
    expect(Number(renewed?.["marginMs"])).toBeCloseTo(14_925 - 11_500, -1);
    expect(renewed?.["remainingMs"]).toBe(lease.remainingMs());
    expect(lease.remainingMs()).toBeGreaterThan(10_000);
    await lease.release();
  });

  it("tells once when contact returns, and how long there was none", async () => {
    const { clock, client, store } = manual();
    using heard = hear("outage");
    const lease = await client().acquire("outage", { renew: "manual" });
    store.onWrite = async () => UNANSWERED;
    await lease.renew().catch(() => undefined);
    await clock.advance(3_000);
    await lease.renew().catch(() => undefined);
    store.onWrite = undefined;
    await clock.advance(1_000);
    await lease.renew();
    await lease.renew();
    await lease.release();
    expect(heard.of("requestFailed").map(({ lastingMs }) => lastingMs)).toEqual([0, 3_000]);
    expect(heard.of("contactRestored").map(({ lastingMs }) => lastingMs)).toEqual([4_000]);
  });

  it("tells which occurrence a release recorded as done, and of none that was not", async () => {
    const { client, clock } = manual();
    using heard = hear("ticks");
    const leases = client();
    const tick = new Date(clock.now().wall).toISOString();
    const failed = await leases.acquire("ticks");
    await failed.release();
    const crashed = await leases.tryAcquire("ticks", { tick });
    if (crashed.kind !== "acquired") throw new Error("nobody else leads");
    await crashed.lease.release({ completed: false });
    const done = await leases.tryAcquire("ticks", { tick });
    if (done.kind !== "acquired") throw new Error("nobody else leads");
    await done.lease.release();
    expect(heard.of("released").map((event) => event["tick"])).toEqual([undefined, undefined, tick]);
  });

  it("goes to channels that anybody can name, and costs no one who does not listen", async () => {
    const { client } = manual();
    const names: unknown[] = [];
    const note = (message: unknown): void => {
      if ((message as { lease: string }).lease === "named") names.push(message);
    };
    channel("leasehold:acquired").subscribe(note);
    await client().acquire("named");
    channel("leasehold:acquired").unsubscribe(note);
    await client().acquire("named-2");
    expect(names).toHaveLength(1);
  });
});

describe("a listener", () => {
  it("hears every event with its name, until it is stopped", async () => {
    const { client } = manual();
    const names: string[] = [];
    const stop = onLeaseEvent((name, event) => {
      if (event.lease === "until") names.push(name);
    });
    const leases = client();
    const lease = await leases.acquire("until");
    await lease.renew();
    stop();
    await lease.release();
    expect(names).toEqual(["acquired", "renewed"]);
  });

  it.each<readonly [string, () => void]>([
    [
      "throws",
      () => {
        throw new Error("listener");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("listener"))],
  ])("that %s disturbs neither the election nor other listeners nor the process", async (_, listener) => {
    const { client } = manual();
    const uncaught: unknown[] = [];
    const onUncaught = (error: unknown): void => {
      uncaught.push(error);
    };
    process.on("uncaughtException", onUncaught);
    process.on("unhandledRejection", onUncaught);
    let heard = 0;
    const stops = [
      onLeaseEvent((__, { lease }) => (lease === "throws" ? listener() : undefined)),
      onLeaseEvent((__, { lease }) => {
        if (lease === "throws") heard += 1;
      }),
    ];
    const lease = await client().acquire("throws");
    await lease.release();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    for (const stop of stops) stop();
    process.off("uncaughtException", onUncaught);
    process.off("unhandledRejection", onUncaught);
    expect(heard).toBe(2);
    expect(uncaught).toEqual([]);
  });
});

it("goes to channels that are there as long as the module is, also where a runtime collects what nobody refers to", () => {
  const script = `
    import { channel } from "node:diagnostics_channel";
    await import(${JSON.stringify(new URL("../../lib/diagnostics/channels.ts", import.meta.url).href)});
    const names = ["leasehold:acquired", "leasehold:lost", "somebody:else"];
    const refs = names.map((name) => new WeakRef(channel(name)));
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise(setImmediate);
      gc();
    }
    console.log(JSON.stringify(refs.map((ref) => ref.deref() !== undefined)));
  `;
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([true, true, false]);
});
