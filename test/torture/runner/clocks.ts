import { existsSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Draws } from "../../simulation/world/chance.ts";

const FOLDERS = [
  "/usr/lib/x86_64-linux-gnu/faketime",
  "/usr/lib/aarch64-linux-gnu/faketime",
  "/usr/lib/faketime",
  "/usr/lib64/faketime",
  "/usr/local/lib/faketime",
];
const LIBRARIES = ["libfaketimeMT.so.1", "libfaketime.so.1"];

/** Finds libfaketime, which shows a process another wall clock; `undefined` where it is not installed. */
export function findFakeTime(folders: readonly string[] = FOLDERS): string | undefined {
  return folders.flatMap((folder) => LIBRARIES.map((file) => join(folder, file))).find(existsSync);
}

/** How a wall clock is wrong. */
export interface WrongClock {
  readonly aheadMs: number;
  /** How fast it runs; 1 is right. */
  readonly rate: number;
}

/** Draws a wall clock: a little off, off by up to `mostMs`, or right; some drift besides. */
export function drawClock(draws: Draws, mostMs: number): WrongClock {
  const sign = draws.happens(0.5) ? 1 : -1;
  const size = draws.spread(mostMs / 100, mostMs);
  const right = draws.happens(0.15);
  const drifts = draws.happens(0.3);
  const rate = draws.pick([0.97, 0.99, 1.01, 1.05]);
  return { aheadMs: right ? 0 : Math.round(sign * size), rate: drifts ? rate : 1 };
}

/** The wall clock of one candidate, which can be set anew while the candidate runs. */
export class ProcessClock {
  readonly #library: string;
  readonly #file: string;
  /** What it was set to last. */
  set: WrongClock = { aheadMs: 0, rate: 1 };

  constructor(library: string, file: string) {
    this.#library = library;
    this.#file = file;
  }

  /** Sets it; a running process sees it within a second or so. */
  async turn(clock: WrongClock): Promise<void> {
    this.set = clock;
    const seconds = (clock.aheadMs / 1_000).toFixed(3);
    const rate = clock.rate === 1 ? "" : ` x${clock.rate}`;
    await writeFile(`${this.#file}.new`, `${clock.aheadMs < 0 ? "" : "+"}${seconds}${rate}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }

  /** The environment that gives a process this clock. Its monotonic clock stays right. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DISABLE_SHM: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }
}

/**
 * Removes the names under which libfaketime shares memory with a process's children. The process needs them to
 * start only, and killed it would leave them behind.
 */
export function forgetSharedMemory(pid: number | undefined): void {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) {
    rmSync(join("/dev/shm", name), { force: true });
  }
}
