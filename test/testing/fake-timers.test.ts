import { mock } from "node:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { manual } from "../support/manual.ts";

describe("a clock that is moved by hand, under fake timers", () => {
  afterEach(() => {
    vi.useRealTimers();
    mock.timers.reset();
  });

  async function elects(): Promise<void> {
    const { client, clock } = manual();
    const lease = await client().acquire("a");
    await clock.advance(60_000);
    expect(lease.isHeld()).toBe(true);
    clock.freeze(60_000);
    await clock.advance(1);
    expect(lease.end).toMatchObject({ reason: "expired" });
  }

  it("of vitest moves", async () => {
    vi.useFakeTimers();
    await elects();
  });

  it("of vitest moves when all is faked that can be", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "setInterval", "queueMicrotask", "Date"] });
    await elects();
  });

  it("of node:test moves", async () => {
    mock.timers.enable();
    await elects();
  });
});
