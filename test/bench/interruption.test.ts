import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "../support/processes.ts";
import { eventually } from "../support/running-cli.ts";
import { PARTS } from "./parts.ts";

// What cleans up behind processes lives as long as this one does: from here on it is there.
beforeAll(async () => {
  await (await spawnOwned("true", [], {})).gone;
});

it.each(PARTS)(
  "the part $name rejects with the reason when it is interrupted, and leaves no process",
  async (part) => {
    const before = new Set(descendantsOf(process.pid));
    const interruption = new AbortController();
    const running = part.run({ smoke: true, signal: interruption.signal, progress: () => {} });
    running.catch(() => undefined);
    const startedNow = (): number[] => descendantsOf(process.pid).filter((pid) => !before.has(pid));
    // One of them lists the processes.
    await eventually(() => startedNow().length > 1);
    // Somewhere in the midst of it.
    await sleep(500);
    const started = startedNow();
    expect(started.length, "it has begun").toBeGreaterThan(1);
    interruption.abort(new Error("interrupted"));
    await expect(running).rejects.toThrow("interrupted");
    expect(await remaining(started, 2_000)).toEqual([]);
  },
);
