import { describe, expect, it } from "vitest";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { context, type Elect, withMiddy, withWrapper } from "./invocations.ts";

const MINUTE_MS = 60_000;
const minute = (at: number) => ({ tick: `2026-01-01T12:${String(at).padStart(2, "0")}:00Z` });

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s with a region that is to stay the leader", (_, elect) => {
  /** A function deployed in two regions, every invocation in an environment of its own. */
  function regions(handler: () => Promise<unknown> = async () => "led", more = {}) {
    const world = manual();
    const invoke = (affinity: string, at: number) =>
      elect(handler, { leases: world.client(), name: "jobs", affinity, affinityMs: 90_000, ...more })(
        minute(at),
        context(world.clock),
      );
    const spent = async (step: () => Promise<unknown>): Promise<number> => {
      const before = world.store.requests;
      await step();
      return world.store.requests - before;
    };
    return { ...world, invoke, spent };
  }

  it("sends two requests an occurrence in the region that leads, one in the one that follows", async () => {
    const { invoke, spent, clock, table } = regions();
    const tokens: unknown[] = [];
    for (let at = 0; at < 4; at += 1) {
      expect(await spent(async () => expect(await invoke("eu", at)).toBe("led"))).toBe(2);
      const followed = { led: false, reason: "tick-done" };
      expect(await spent(async () => expect(await invoke("us", at)).toMatchObject(followed))).toBe(1);
      tokens.push(table.peek("jobs")?.token);
      expect(clock.pendingTimers, "nothing is left to thaw with").toBe(0);
      await clock.advance(MINUTE_MS);
    }
    expect(new Set(tokens).size, "each occurrence is fenced by a token of its own").toBe(4);
  });

  it("leaves the next occurrence to the region that led, whichever comes first", async () => {
    const { invoke, clock } = regions();
    await invoke("eu", 0);
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 1)).toEqual({ led: false, reason: "reserved", leader: undefined });
    expect(await invoke("eu", 1)).toBe("led");
  });

  it("moves to the other region once the first has stayed away for its time, and stays there", async () => {
    const { invoke, clock } = regions();
    await invoke("eu", 0);
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 1)).toMatchObject({ led: false, reason: "reserved" });
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 2)).toBe("led");
    await clock.advance(MINUTE_MS);
    expect(await invoke("eu", 3)).toMatchObject({ led: false, reason: "reserved" });
  });

  it("ends with a crash: whoever comes first leads once the dead term is over", async () => {
    const { invoke, clock, store } = regions();
    store.onWrite = async (write, pass) => (write.kind === "release" ? new Promise(() => {}) : pass());
    const dies = invoke("eu", 0);
    await clock.advance(20_000);
    store.onWrite = undefined;
    await dies.catch(() => undefined);
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 1)).toBe("led");
  });

  it("excludes overlapping invocations of one region", async () => {
    const gate = new Gate();
    const { invoke } = regions(async () => gate.pass());
    const first = invoke("eu", 0);
    await gate.reached;
    expect(await invoke("eu", 1)).toMatchObject({ led: false, reason: "held" });
    gate.open();
    await first;
  });

  it("is checked when the handler is made", () => {
    const make = (more: object) => () => regions(undefined, more).invoke("eu", 0);
    for (const [more, message] of [
      [{ affinityMs: 999 }, /affinityMs/],
      [{ affinity: "" }, /affinity/],
      [{ holdAtLeastMs: 5 }, /holdAtLeastMs/],
    ] as const) {
      expect(leaseErrorIn(make(more), "INVALID_ARGUMENT").message).toMatch(message);
    }
  });
});
