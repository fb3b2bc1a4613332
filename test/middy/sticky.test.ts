import { describe, expect, it } from "vitest";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { ProcessClock } from "../support/process-clock.ts";
import { context, type Elect, withMiddy, withWrapper } from "./invocations.ts";

const MINUTE_MS = 60_000;
const minute = (at: number) => ({ time: `2026-01-01T12:${String(at).padStart(2, "0")}:00Z` });
const sticky = (id: string) => ({ id, forMs: 150_000 });

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s with a region that is to stay the leader", (_, elect) => {
  /** A function deployed in two regions, every invocation in an environment of its own. */
  function regions(handler: () => Promise<unknown> = async () => "led", more = {}) {
    const world = manual();
    const invoke = (id: string, at: number) =>
      elect(handler, { leases: world.client(), name: "jobs", sticky: sticky(id), ...more })(
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

  it("sends one request an occurrence, in the region that leads and in the one that follows", async () => {
    const { invoke, spent, clock, table } = regions();
    const tokens: unknown[] = [];
    for (let at = 0; at < 4; at += 1) {
      expect(await spent(async () => expect(await invoke("eu", at)).toBe("led"))).toBe(1);
      expect(await spent(async () => expect(await invoke("us", at)).toMatchObject({ led: false }))).toBe(1);
      tokens.push(table.peek("jobs")?.token);
      expect(clock.pendingTimers, "nothing is left to thaw with").toBe(0);
      await clock.advance(MINUTE_MS);
    }
    expect(new Set(tokens).size, "each occurrence is fenced by a token of its own").toBe(4);
  });

  it("says who leads to those who follow, also between its occurrences", async () => {
    const { invoke, clock } = regions();
    await invoke("eu", 0);
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 1)).toEqual({ led: false, reason: "held", leader: "eu" });
  });

  it("moves to the other region once the first has stayed away for its time", async () => {
    const { invoke, clock } = regions();
    await invoke("eu", 0);
    await clock.advance(2 * MINUTE_MS);
    expect(await invoke("us", 2)).toMatchObject({ led: false, reason: "held" });
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 3)).toBe("led");
    await clock.advance(MINUTE_MS);
    expect(await invoke("eu", 4), "and stays there").toMatchObject({ led: false, leader: "us" });
    expect(await invoke("us", 4)).toBe("led");
  });

  it("runs an occurrence once, whether delivered twice to a region, at once or later, or to both", async () => {
    let runs = 0;
    const gate = new Gate();
    const { invoke, clock } = regions(async () => {
      runs += 1;
      await gate.pass();
      return "led";
    });
    const first = invoke("eu", 0);
    await gate.reached;
    expect(await invoke("eu", 0)).toMatchObject({ led: false });
    expect(await invoke("us", 0)).toMatchObject({ led: false });
    gate.open();
    expect(await first).toBe("led");
    await clock.advance(MINUTE_MS);
    expect(await invoke("eu", 0)).toMatchObject({ led: false, reason: "tick-done" });
    expect(runs).toBe(1);
  });

  it("does not let an overlapping invocation of the same region lead the next occurrence", async () => {
    const gate = new Gate();
    const { invoke, clock } = regions(async () => gate.pass());
    const slow = invoke("eu", 0);
    await gate.reached;
    await clock.advance(50_000);
    expect(await invoke("eu", 1)).toEqual({ led: false, reason: "held", leader: "eu" });
    gate.open();
    await slow;
  });

  it("keeps the lead and the occurrence used up when its handler throws", async () => {
    let fails = true;
    const { invoke, clock } = regions(async () => {
      if (fails) throw new Error("handler");
      return "led";
    });
    await expect(invoke("eu", 0)).rejects.toThrow("handler");
    fails = false;
    expect(await invoke("eu", 0)).toMatchObject({ led: false, reason: "tick-done" });
    await clock.advance(MINUTE_MS);
    expect(await invoke("us", 1)).toMatchObject({ led: false });
    expect(await invoke("eu", 1)).toBe("led");
  });

  it("tries an occurrence again that failed, in the same region alone, under until-success", async () => {
    let fails = true;
    const { invoke, spent, clock } = regions(
      async () => {
        if (fails) throw new Error("handler");
        return "led";
      },
      { tickPolicy: "until-success" },
    );
    await expect(invoke("eu", 0)).rejects.toThrow("handler");
    fails = false;
    await clock.advance(1);
    expect(await invoke("us", 0)).toMatchObject({ led: false, reason: "reserved", leader: undefined });
    expect(await spent(async () => expect(await invoke("eu", 0)).toBe("led"))).toBe(2);
  });

  it("does not run the handler by a clock that runs ahead while the region's last term may last", async () => {
    const { invoke, clock, client } = regions();
    await invoke("eu", 0);
    const ahead = new ProcessClock(clock);
    ahead.stepWall(10 * MINUTE_MS);
    let ran = false;
    const options = { leases: client({ clock: ahead }), name: "jobs", sticky: sticky("eu") };
    const wrong = elect(async () => (ran = true), options);
    expect(await wrong(minute(1), context(clock))).toMatchObject({ led: false, reason: "held" });
    expect(ran).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is checked when it is made", () => {
    const leases = manual().client();
    for (const wrong of [{ id: "", forMs: 5_000 }, { id: "eu", forMs: 1 }, null, "eu"]) {
      const make = () => elect(async () => 1, { leases, name: "jobs", sticky: wrong as never });
      expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toMatch(/^sticky\./);
    }
    const hold = () => elect(async () => 1, { leases, name: "jobs", holdAtLeastMs: -1 });
    expect(leaseErrorIn(hold, "INVALID_ARGUMENT").message).toMatch(/^holdAtLeastMs /);
  });
});
