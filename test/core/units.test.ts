import { expect, it } from "vitest";
import { elapsedAtLeast, elapsedAtMost, epochMs, instant, plusMs } from "../../lib/core/units.ts";

const reading = (mono: number, wall: number) => ({ mono: instant(mono), wall: epochMs(wall) });

it("counts as much time as either clock shows, when it must not count too little", () => {
  expect(elapsedAtMost(reading(10, 5_000), reading(110, 5_100))).toBe(100);
  expect(elapsedAtMost(reading(10, 5_000), reading(10, 65_000)), "frozen: the wall clock tells").toBe(60_000);
  expect(elapsedAtMost(reading(10, 5_000), reading(110, 1_000)), "a wall clock set back hides nothing").toBe(
    100,
  );
  expect(elapsedAtMost(reading(10, 5_000), reading(5, 4_000)), "never negative").toBe(0);
});

it("counts the monotonic clock alone, when it must not count too much", () => {
  expect(elapsedAtLeast(reading(10, 5_000), reading(110, 3_605_000))).toBe(100);
  expect(elapsedAtLeast(reading(10, 5_000), reading(5, 5_000))).toBe(0);
});

it("keeps epoch milliseconds whole, as rows hold them", () => {
  expect(plusMs(epochMs(1_000), 0.4)).toBe(1_000);
  expect(plusMs(epochMs(1_000), 1_499.6)).toBe(2_500);
});
