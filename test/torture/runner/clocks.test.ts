import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Draws } from "../../simulation/world/chance.ts";
import { drawClock, findFakeTime, forgetSharedMemory, ProcessClock } from "./clocks.ts";

const folder = mkdtempSync(join(tmpdir(), "leasehold-clocks-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("wrong clocks", () => {
  it("are drawn within the given error, some right, some drifting", () => {
    const draws = new Draws(3);
    const clocks = Array.from({ length: 500 }, () => drawClock(draws, 300_000));
    const errors = clocks.map(({ aheadMs }) => aheadMs);
    expect(Math.max(...errors)).toBeLessThanOrEqual(300_000);
    expect(Math.max(...errors)).toBeGreaterThan(200_000);
    expect(Math.min(...errors)).toBeGreaterThanOrEqual(-300_000);
    expect(Math.min(...errors)).toBeLessThan(-200_000);
    expect(errors).toContain(0);
    expect(clocks.some(({ rate }) => rate === 1)).toBe(true);
    expect(clocks.some(({ rate }) => rate !== 1)).toBe(true);
  });

  it("are left out where libfaketime is not installed", () => {
    expect(findFakeTime([folder])).toBeUndefined();
  });

  const library = findFakeTime();
  it.runIf(library !== undefined)(
    "shift a process's wall clock and leave its monotonic clock alone",
    async () => {
      const clock = new ProcessClock(library ?? "", join(folder, "one.clock"));
      await clock.turn({ aheadMs: -90_500, rate: 1 });
      const { stdout, pid } = spawnSync(
        process.execPath,
        ["-p", "JSON.stringify([Date.now(), Number(process.hrtime.bigint()) / 1e6])"],
        { env: { ...process.env, ...clock.env }, encoding: "utf8" },
      );
      forgetSharedMemory(pid);
      const [wall, mono] = JSON.parse(stdout) as [number, number];
      expect(Math.abs(Date.now() - wall - 90_500)).toBeLessThan(2_000);
      expect(Math.abs(Number(process.hrtime.bigint()) / 1e6 - mono)).toBeLessThan(2_000);
    },
  );
});
