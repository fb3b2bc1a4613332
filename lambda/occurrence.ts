/** What the scheduler sends: one occurrence of a schedule. It may arrive more than once, and late. */
export interface Occurrence {
  /** The scheduled time, ISO-8601; the same in every delivery of this occurrence. */
  readonly tick: string;
  /** The scheduler's id of this delivery. */
  readonly executionId: string;
}
