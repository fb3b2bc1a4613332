/**
 * Imports the SDK, then the library, and prints what the second import took. `--json` of a {@link Importing} is its argument.
 * A process of its own for each: what was imported once is cached.
 */
import type { Imported, Importing } from "./importing.ts";

const { sdk, module } = JSON.parse(process.argv[2] ?? "{}") as Importing;
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});

await import(sdk);
collect();
const before = process.memoryUsage();
const cpuFrom = process.threadCpuUsage();
const from = process.hrtime.bigint();
await import(module);
const wall = process.hrtime.bigint() - from;
const { user, system } = process.threadCpuUsage(cpuFrom);
const { rss } = process.memoryUsage();
collect();
const { heapUsed } = process.memoryUsage();
const imported: Imported = {
  wallMs: Number(wall) / 1e6,
  cpuMs: (user + system) / 1e3,
  heapKb: (heapUsed - before.heapUsed) / 1024,
  rssKb: (rss - before.rss) / 1024,
};
process.stdout.write(JSON.stringify(imported));
