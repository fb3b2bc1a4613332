import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** What was published about one lease. */
export interface Heard extends Disposable {
  /** Events in order, each with its channel's last part as `event`. */
  readonly all: readonly ({ readonly event: string } & Record<string, unknown>)[];
  of(event: string): readonly Record<string, unknown>[];
}

const EVENTS = [
  "acquired",
  "refused",
  "renewed",
  "renewalFailed",
  "requestFailed",
  "contactRestored",
  "handover",
  "lost",
  "released",
  "clockSkewed",
  "fenced",
  "workFailed",
];

/** Listens to everything that is published about one lease. */
export function hear(lease: string): Heard {
  const all: ({ readonly event: string } & Record<string, unknown>)[] = [];
  const stops = EVENTS.map((event) => {
    const note = (message: unknown): void => {
      const details = message as Record<string, unknown>;
      if (details["lease"] === lease) all.push({ event, ...details });
    };
    subscribe(`leasehold:${event}`, note);
    return () => unsubscribe(`leasehold:${event}`, note);
  });
  return {
    all,
    of: (event) => all.filter((heard) => heard.event === event),
    [Symbol.dispose]() {
      for (const stop of stops) stop();
    },
  };
}
