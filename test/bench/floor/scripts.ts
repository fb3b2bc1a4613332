import type { Recorded } from "./recording.ts";

/** What is measured. */
export const OPERATIONS = ["acquire and release", "renew", "refusal"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How many commands one operation sends. */
export const COMMANDS: Readonly<Record<Operation, number>> = {
  "acquire and release": 2,
  renew: 1,
  refusal: 1,
};

/** The requests of an operation: those that prepare it, and those that do it, some times over. */
export interface Script {
  readonly before: readonly Recorded[];
  readonly times: readonly Recorded[];
}
