import { randomBytes, randomFillSync } from "node:crypto";
import { hostname } from "node:os";
import type { Clock, Random } from "../core/ports.ts";
import { epochMs, instant } from "../core/units.ts";

/** The process's own clocks and timers: the one place of the client that touches them. */
export const systemClock: Clock = {
  now: () => ({ mono: instant(performance.now()), wall: epochMs(Date.now()) }),
  timer(ms, callback) {
    const handle = setTimeout(callback, ms);
    return () => clearTimeout(handle);
  },
};

/** What the bits of one id are drawn into, and read from at once: a buffer for each would cost more than the bits. */
const drawn = Buffer.alloc(16);

/**
 * The platform's own randomness. Ids have 128 random bits, drawn anew for each: `crypto.randomUUID()` hands them out from a
 * buffer in the process's memory, and every process that is started from an image of that memory (a startup snapshot, a
 * cloned machine) would go on with the same. So would `Math.random()`, and the jitter with it.
 */
export const systemRandom: Random = {
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  id: () => randomFillSync(drawn).toString("hex"),
};

/** What to call a candidate that was given no name: its Lambda function, or its host and process. */
export function defaultLabel(): string {
  return process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? `${hostname()}:${process.pid}`;
}
