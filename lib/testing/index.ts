/** For tests of code that elects: a lease table in memory, a clock that a test moves, and faults on demand. */
export type { FaultCounts, FaultKind, FaultRates } from "./faults.ts";
export { FaultyLeaseStore, type FaultyStoreOptions } from "./faulty-store.ts";
export { InMemoryLeaseStore, type InMemoryStoreOptions } from "./in-memory-store.ts";
export { ManualClock } from "./manual-clock.ts";
export { ProcessClock } from "./process-clock.ts";
export { type RehearsalOptions, type RehearsalReport, type RehearsedProcess, rehearse } from "./rehearsal.ts";
export { SeededRandom } from "./seeded-random.ts";
