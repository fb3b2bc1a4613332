import { once as event } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Lease, LeaseClient } from "leasehold";
import { InMemoryLeaseStore, ManualClock, ProcessClock, SeededRandom } from "leasehold/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { evict, moveLead } from "../../examples/elections-operator.ts";
import { announceReleases, type Bus, standBy } from "../../examples/elections-push.ts";
import { type Service, serve } from "../../examples/elections-service.ts";
import { everyMinute, once, unfenced } from "../../examples/elections-ticks.ts";

function world() {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const client = (
    holder: string,
    own: Pick<ManualClock, "now" | "timer"> = clock,
    retryIntervalMs?: number,
  ): LeaseClient =>
    new LeaseClient({
      store,
      clock: own,
      holder,
      random: new SeededRandom(holder.charCodeAt(0)),
      retryIntervalMs,
    });
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.timer(ms, resolve));
  const began = clock.now().mono;
  const seconds = (): number => (clock.now().mono - began) / 1_000;
  return { clock, store, client, wait, seconds };
}

beforeAll(() => void vi.spyOn(console, "log").mockImplementation(() => undefined));
afterAll(() => vi.restoreAllMocks());

describe("the service", () => {
  /** A service whose steps take a second; `steps` tells who made them. */
  function service(
    at: ReturnType<typeof world>,
    name: string,
    options: Partial<Service> & { signal: AbortSignal },
  ) {
    const steps: { readonly by: string; readonly token: number; readonly at: number }[] = [];
    const step = async (lease: Lease): Promise<void> => {
      await at.wait(1_000);
      steps.push({ by: name, token: lease.token, at: at.seconds() });
    };
    const leases = at.client(name);
    return { steps, served: serve({ leases, endpoint: `${name}:1`, probePort: 0, step, ...options }) };
  }

  it("hands over to a stronger one after it has settled, between two steps, and not back", async () => {
    const at = world();
    const stop = new AbortController();
    const { signal } = stop;
    const weak = service(at, "weak", { signal });
    await at.clock.advance(100);
    const strong = service(at, "strong", { signal, priority: 10 });
    await at.clock.advance(60_000);
    expect((await at.client("o").get("orders-writer")).value).toEqual({ endpoint: "strong:1" });
    stop.abort();
    await at.clock.advance(5_000);
    await Promise.all([weak.served, strong.served]);

    const last = weak.steps.at(-1)?.at ?? 0;
    expect(last).toBeGreaterThanOrEqual(15); // minTermMs
    expect(last).toBeLessThan(22); // the next renewal, and the step that was under way
    const first = strong.steps[0];
    expect(first?.at).toBeGreaterThan(last);
    expect(first?.at).toBeLessThan(last + 2 + 1 + 0.1); // one retry and a step
    expect(first?.token).toBeGreaterThan(weak.steps[0]?.token ?? Infinity);
    expect(weak.steps.every((step) => step.at <= last)).toBe(true);
    expect(at.clock.pendingTimers).toBe(0);
  });

  it("with a stable id goes on with its term after a restart, token and endpoint included", async () => {
    const at = world();
    const doomed = new ProcessClock(at.clock, 0);
    const before = at.client("before", doomed).candidate("orders-writer", { id: "pod-0" });
    const { token } = await before.campaign();
    await before.proclaim({ endpoint: "pod-0:1" });
    doomed.kill();
    await at.clock.advance(3_000);
    const stop = new AbortController();
    const after = service(at, "after", { signal: stop.signal, id: "pod-0" });
    await at.clock.advance(2_500);
    expect(after.steps.map((step) => step.token)).toEqual([token, token]);
    stop.abort();
    await at.clock.advance(3_000);
    await after.served;
  });

  it("does so too where the process before it was only paused: both lead, under one token", async () => {
    const at = world();
    const paused = new ProcessClock(at.clock, 0);
    const lease = await at.client("a", paused).candidate("orders-writer", { id: "pod-0" }).campaign();
    paused.pause();
    await at.clock.advance(3_000);
    const second = await at.client("b").candidate("orders-writer", { id: "pod-0" }).campaign();
    expect([lease.isHeld(), second.isHeld()]).toEqual([true, true]); // what a stable id must never allow
    expect(second.token).toBe(lease.token);
    paused.resume();
    await at.clock.advance(5_000);
    expect(lease.end).toMatchObject({ reason: "superseded", by: "pod-0" });
    await second.release();
  });

  it("answers its probe with 200 while it leads, and 503 once work goes on after the term", async () => {
    const at = world();
    const stop = new AbortController();
    const free = createServer().listen(0);
    await event(free, "listening");
    const { port: probePort } = free.address() as AddressInfo;
    free.close();
    await event(free, "close");
    let stuck: (() => void) | undefined;
    const step = (): Promise<void> => new Promise((resolve) => (stuck = resolve));
    const { served } = service(at, "a", { signal: stop.signal, probePort, step });
    const probe = async (): Promise<number> => (await fetch(`http://127.0.0.1:${probePort}/`)).status;
    await at.clock.advance(1_000);
    expect(await probe()).toBe(200);
    await evict(at.client("o"), "orders-writer");
    await at.clock.advance(7_000); // the renewal at five seconds tells; the tolerance is five more
    expect(await probe()).toBe(200);
    await at.clock.advance(4_000);
    expect(await probe()).toBe(503);
    stop.abort();
    stuck?.();
    await at.clock.advance(1_000);
    await served;
  });
});

describe("the operator", () => {
  it("moves the lead to the candidate of choice", async () => {
    const at = world();
    const [a, b, c] = ["a", "b", "c"].map((id) => at.client(id).candidate("w", { drainMs: 1_000 }));
    await a?.campaign();
    void b?.campaign();
    await at.clock.advance(100);
    void c?.campaign();
    await at.clock.advance(3_000);
    const moved = moveLead(at.client("o"), "w", c?.id ?? "");
    await at.clock.advance(12_000);
    expect(await moved).toBe(c?.id);
    expect(a?.lease).toBeUndefined();
    await expect(moveLead(at.client("o"), "w", "nobody")).rejects.toThrow("is not registered");
  });

  it("who evicts leaves two that believe they lead until the first renews; tokens tell them apart", async () => {
    const at = world();
    const first = await at.client("a").acquire("w");
    expect(await evict(at.client("o"), "w")).toMatchObject({ kind: "released", holder: first.holder });
    const second = await at.client("b").acquire("w");
    expect([first.isHeld(), second.isHeld()]).toEqual([true, true]);
    expect(second.token).toBeGreaterThan(first.token);
    await at.clock.advance(5_000);
    expect(first.end).toMatchObject({ reason: "superseded", token: second.token });
    await second.release();
  });
});

describe("standing by without polling", () => {
  it("takes over as soon as it is told, and hardly reads until then", async () => {
    const at = world();
    const listeners = new Set<(lease: string) => void>();
    const bus: Bus = {
      publish: (lease) => listeners.forEach((listener) => listener(lease)),
      subscribe: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    };
    const silence = announceReleases(bus);
    const stop = new AbortController();
    const leader = await at.client("a").acquire("orders-writer", { renew: "auto" });
    let led = 0;
    const work = async (lease: Lease): Promise<void> => {
      led = at.seconds();
      await event(lease.signal, "abort");
    };
    const standby = standBy(at.client("b", at.clock, 600_000), bus, work, stop.signal);
    const before = at.store.requests;
    await at.clock.advance(600_000);
    const renewals = 120;
    const registrations = 21;
    expect(at.store.requests - before - renewals - registrations).toBeLessThan(45); // 300 when polling
    await leader.release();
    await at.clock.advance(101);
    expect(led).toBeGreaterThanOrEqual(600);
    expect(led).toBeLessThanOrEqual(600.101);
    stop.abort();
    await at.clock.advance(1);
    await standby;
    silence();
    expect(listeners.size).toBe(0);
    expect(at.clock.pendingTimers).toBe(0);
  });
});

describe("ticks", () => {
  it("stay in one region, for two requests each, and move when it fails", async () => {
    const at = world();
    const [eu, us] = [at.client("eu"), at.client("us")];
    const led: string[] = [];
    for (let minute = 0; minute < 8; minute += 1) {
      const tick = new Date(at.clock.now().wall).toISOString();
      const before = at.store.requests;
      if (minute < 3 || minute > 5)
        await everyMinute(eu, "eu", tick, async () => void led.push(`eu ${minute}`));
      if (minute < 3) expect(at.store.requests - before).toBe(2);
      await at.clock.advance(500);
      await everyMinute(us, "us", tick, async () => void led.push(`us ${minute}`));
      await at.clock.advance(59_500);
    }
    expect(led).toEqual(["eu 0", "eu 1", "eu 2", "us 4", "us 5", "us 6", "us 7"]);
  });

  it("keep what was won closed for the minimum hold, also after the work is done", async () => {
    const at = world();
    expect(await once(at.client("a"), async () => {})).toMatchObject({ kind: "led" });
    await at.clock.advance(29_000);
    expect(await once(at.client("b"), async () => {})).toMatchObject({
      kind: "followed",
      reason: "reserved",
    });
    await at.clock.advance(3_500);
    expect(await once(at.client("b"), async () => {})).toMatchObject({ kind: "led" });
  });

  it("wait for what a dead leader may still do, and for nothing after a release", async () => {
    const at = world();
    const { signal } = new AbortController();
    const doomed = new ProcessClock(at.clock, 0);
    await unfenced(at.client("a", doomed), signal);
    doomed.kill();
    let took = 0;
    const second = unfenced(at.client("b"), signal).then((lease) => {
      took = at.seconds();
      return lease;
    });
    await at.clock.advance(60_000);
    expect(took).toBeGreaterThan(15 + 20);
    expect(took).toBeLessThan(15 + 20 + 2.5 + 2);
    await (await second).release();
    const now = at.seconds();
    const third = await unfenced(at.client("c"), signal);
    expect(at.seconds()).toBe(now);
    await third.release();
  });
});
