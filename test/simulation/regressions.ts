/** A history that once went wrong. */
export interface Regression {
  readonly seed: number;
  readonly scenario: string;
  /** What it found, in a line. */
  readonly found: string;
}

/**
 * Histories that failed, each with what it found. Worlds change and seeds with them: where a world was made
 * harsher, the seed here is one that brings the same bug out in the world as it is.
 */
export const REGRESSIONS: readonly Regression[] = [
  {
    scenario: "pauses",
    seed: 59,
    found:
      "a stall between winning and making the handle ended the term before the client knew the handle: acquire threw a ReferenceError",
  },
  {
    scenario: "limits",
    seed: 314,
    found:
      "two leaders: a renewal cut short by termLimitMs under a wall clock that had stepped ahead landed unanswered, and the clock stepped back",
  },
  {
    scenario: "days",
    seed: 675,
    found:
      "a correction landed between the two writes that abandon a claim, latest first, and the row stayed held by nobody",
  },
  {
    scenario: "lambda",
    seed: 223,
    found:
      "a copy of a claim was applied again after its correction had lowered the token and its term was released; nobody leads by it",
  },
  {
    scenario: "limits",
    seed: 10_018_582,
    found:
      "a renewal that shortened the validity left the timer of the end where it was: the signal was aborted late",
  },
];
