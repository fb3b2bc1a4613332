import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const TICK = "2026-01-01T02:00:00.000Z";

/** Work in steps that stops where it is told to, as the guides show it. */
async function inSteps(lease: Lease, pass: (ms: number) => Promise<void>): Promise<number> {
  let done = 0;
  while (done < 10 && !lease.signal.aborted) {
    await pass(1_000);
    done += 1;
  }
  return done;
}

describe("work that stops at its signal and returns", () => {
  it.each([
    ["the caller asked it to", "abort"],
    ["the leader is to hand over and its time to drain is up", "hand-over"],
    ["its term ran out", "outage"],
  ] as const)("does not complete its occurrence: %s", async (_, why) => {
    const { clock, table, store, client } = manual();
    const ender = new AbortController();
    const options = { tick: TICK, drainMs: 0, signal: ender.signal };
    const running = client().run(
      "jobs",
      async (lease) => {
        if (why === "abort") ender.abort();
        if (why === "hand-over") await client().requestStepDown("jobs");
        if (why === "outage") store.onWrite = async () => UNANSWERED;
        return inSteps(lease, () => clock.advance(2_000));
      },
      options,
    );
    const result = await running;
    store.onWrite = undefined;
    expect(result).toMatchObject({ kind: "led", completed: false });
    expect(table.peek("jobs")).not.toHaveProperty("tick");
    await clock.advance(20_000);
    const again = await client().run("jobs", async () => "done", { tick: TICK });
    expect(again).toMatchObject({ kind: "led", completed: true });
    expect((await client().run("jobs", async () => "twice", { tick: TICK })).kind).toBe("followed");
  });

  it("completes it where the work says so itself", async () => {
    const { clock, table, client } = manual();
    const ender = new AbortController();
    const work = async (lease: Lease): Promise<void> => {
      ender.abort();
      await inSteps(lease, () => clock.advance(1_000));
      lease.complete();
    };
    const result = await client().run("jobs", work, { tick: TICK, signal: ender.signal });
    expect(result).toMatchObject({ kind: "led", completed: true });
    expect(table.peek("jobs")).toMatchObject({ tick: TICK });
  });

  it("completes it where the work says so and then fails", async () => {
    const { table, client } = manual();
    const work = async (lease: Lease): Promise<void> => {
      lease.complete();
      throw new Error("the summary could not be sent");
    };
    await expect(client().run("jobs", work, { tick: TICK })).rejects.toThrow("summary");
    expect(table.peek("jobs")).toMatchObject({ tick: TICK });
  });

  it("completes it at the end of an `await using` block that says so, and not otherwise", async () => {
    const { table, client } = manual();
    for (const says of [false, true]) {
      {
        const result = await client().tryAcquire("jobs", { tick: TICK });
        if (result.kind !== "acquired") throw new Error("not acquired");
        await using lease = result.lease;
        if (says) lease.complete();
      }
      expect(table.peek("jobs")?.tick).toBe(says ? TICK : undefined);
    }
  });
});
