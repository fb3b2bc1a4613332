/** The scheduled time of the first occurrence that is played. */
const FIRST_TICK = Date.UTC(2026, 0, 1, 0, 1);

/** The scheduled time of a tick (1 is the first), as EventBridge Scheduler writes it. */
export function scheduledTime(tick: number, periodMs: number): string {
  return new Date(FIRST_TICK + (tick - 1) * periodMs).toISOString().replace(".000Z", "Z");
}

/**
 * Fills in the payload of a schedule as EventBridge Scheduler does.
 * @throws {Error} naming the placeholder, when one is not known here
 */
export function fillIn(
  input: string,
  values: { readonly scheduledTime: string; readonly executionId: string },
): string {
  return input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (placeholder, name: string) => {
    if (name === "scheduled-time") return values.scheduledTime;
    if (name === "execution-id") return values.executionId;
    if (name === "attempt-number") return "1";
    throw new Error(`the schedule's payload has ${placeholder}, which the local runner does not know`);
  });
}
