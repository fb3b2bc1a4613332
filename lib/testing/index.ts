/** For tests of code that elects: a lease table in memory and a clock that a test moves. */
export { InMemoryLeaseStore, type InMemoryStoreOptions } from "./in-memory-store.ts";
export { ManualClock } from "./manual-clock.ts";
export { SeededRandom } from "./seeded-random.ts";
