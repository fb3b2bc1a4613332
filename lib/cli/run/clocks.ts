/** The machine's monotonic clock in ms: one for all its processes, so that the guard may be told an instant by it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
