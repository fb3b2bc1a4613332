import type { Checker } from "../history.ts";

/** Nothing fails with an error that no fault explains: neither a broken promise of the client nor a bug. */
export const noSurprises: Checker = ({ events }) =>
  events.flatMap((event) =>
    event.kind === "surprise"
      ? [{ by: "surprises" as const, at: event.at, message: `${event.process}: ${event.error}` }]
      : [],
  );
