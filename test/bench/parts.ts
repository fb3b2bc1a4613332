import { floor } from "./floor/part.ts";
import { herd } from "./herd/part.ts";
import { lambda } from "./lambda/part.ts";
import { many } from "./many/part.ts";
import type { Part } from "./part.ts";
import { peers } from "./peers/part.ts";

/** The parts of the benchmark, in the order of docs/performance.md. */
export const PARTS: readonly Part[] = [floor, peers, herd, many, lambda];
