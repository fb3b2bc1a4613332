/** What the network can do to one request, and what it promises by it. */
export const NETWORK_FAULTS = {
  "lost request": "never reaches the engine; the connection ends",
  "lost response": "is carried out and answered; the connection ends before the answer",
  "hung request": "never reaches the engine; the connection stays open, silent",
  "hung response": "is carried out and answered; the connection stays open, silent",
  "reset before": "never reaches the engine; the connection is reset",
  "reset after": "is carried out; the connection is reset in the middle of the answer",
  delayed: "and its answer arrive late, mostly in time",
  late: "reaches the engine up to 20 s later, when its sender has given up; nobody gets the answer",
  duplicated: "is answered, and reaches the engine once more up to 20 s later",
  split: "and its answer arrive in small pieces",
  "server error": "is carried out, and answered with 500",
  throttled: "never reaches the engine, and is answered as throttled",
  "no date": "is answered without a Date header",
} as const;

/** A kind of fault of the network. */
export type NetworkFault = keyof typeof NETWORK_FAULTS;

/** What happens to one request. What is left out does not happen. */
export interface Fate {
  readonly fault?: NetworkFault | undefined;
  /** Before the request goes on, in ms. */
  readonly waitMs?: number;
  /** Before the answer goes back, in ms. */
  readonly answerWaitMs?: number;
  /** Before the duplicate goes on, in ms. */
  readonly duplicateAfterMs?: number;
  /** The sizes of the pieces in which bodies are sent; none for all at once. */
  readonly pieceSizes?: readonly number[];
  /** How far ahead the clock of the front end is that answers, in ms. Absent: the engine's own date is passed on. */
  readonly frontEndMs?: number;
}
