import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseClient } from "leasehold";
import { InMemoryLeaseStore } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { newElector, runController, serveHealth } from "../../examples/from-kubernetes.ts";

/** How long a starved machine may take. */
const SOON = { timeout: 10_000 };

/** Controllers on one table in memory, and what they were told, in order. */
function cluster() {
  const store = new InMemoryLeaseStore();
  const told: string[] = [];
  const elector = (pod: string) => {
    const leases = new LeaseClient({ store, holder: pod, durationMs: 4_000, retryIntervalMs: 100 });
    return newElector(leases, {
      onStartedLeading: () => told.push(`${pod} started`),
      onStoppedLeading: (why) => told.push(`${pod} ${why}`),
      onNewLeader: (identity) => told.push(`${pod} sees ${identity?.split("/")[0]}`),
    });
  };
  return { told, elector, leases: new LeaseClient({ store }) };
}

describe("the program from Kubernetes", () => {
  it("reconciles in one place, releases on cancel, and lets the other go on with a higher token", async () => {
    const { told, elector } = cluster();
    const [first, second] = [new AbortController(), new AbortController()];
    const passes: { readonly pod: string; readonly token: number }[] = [];
    const run = (pod: string, stop: AbortController) =>
      runController(elector(pod), async (token) => void passes.push({ pod, token }), {
        periodMs: 50,
        signal: stop.signal,
      });

    const a = run("pod-a", first);
    await expect.poll(() => passes.length, SOON).toBeGreaterThan(1);
    const b = run("pod-b", second);
    await expect.poll(() => told, SOON).toContain("pod-b sees pod-a");
    expect(new Set(passes.map(({ pod }) => pod))).toEqual(new Set(["pod-a"]));

    first.abort();
    await a;
    const after = passes.length;
    await expect.poll(() => told, SOON).toContain("pod-b started");
    await expect.poll(() => passes.length, SOON).toBeGreaterThan(after + 1);
    second.abort();
    await b;

    expect(passes.slice(after).every(({ pod }) => pod === "pod-b")).toBe(true);
    expect(passes.at(-1)?.token).toBeGreaterThan(passes[0]?.token ?? Infinity);
    expect(told.filter((line) => line.startsWith("pod-a"))).toEqual([
      "pod-a started",
      "pod-a sees pod-a",
      "pod-a stepped-down",
    ]);
    expect(told.filter((line) => line.startsWith("pod-b"))).toEqual([
      "pod-b sees pod-a",
      "pod-b started",
      "pod-b sees pod-b",
      "pod-b stepped-down",
    ]);
  });

  it("stands again after a loss, where client-go's Run returns, and ends with what a pass throws", async () => {
    const { told, elector, leases } = cluster();
    const stop = new AbortController();
    let fails = false;
    const reconcile = async (): Promise<void> => {
      if (fails) throw new Error("cannot reconcile");
    };
    const running = runController(elector("pod-a"), reconcile, { periodMs: 20, signal: stop.signal });
    await expect.poll(() => told, SOON).toContain("pod-a started");
    await leases.forceRelease("orders-controller");
    await expect.poll(() => told, SOON).toContain("pod-a revoked");
    await expect.poll(() => told.filter((line) => line === "pod-a started").length, SOON).toBe(2);
    fails = true;
    await expect(running).rejects.toThrow("cannot reconcile");
    expect((await leases.get("orders-controller")).kind).toBe("vacant");
  });

  it("answers its liveness probe while it leads, stands by and rests", async () => {
    const { elector } = cluster();
    const stop = new AbortController();
    const leading = elector("pod-a");
    const server = serveHealth(leading, 0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const probe = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/`)).status;
    expect(await probe()).toBe(200);
    const running = runController(leading, async () => {}, { periodMs: 20, signal: stop.signal });
    await sleep(100);
    expect(await probe()).toBe(200);
    stop.abort();
    await running;
    server.close();
  });
});
