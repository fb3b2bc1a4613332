import { channel } from "node:diagnostics_channel";
import type { EventSink, LeaseEventName, LeaseEvents } from "../core/events.ts";

/** Publishes events on `node:diagnostics_channel` `leasehold:<name>`; costs next to nothing unheard. */
export const publish: EventSink = (name, event) => channel(`leasehold:${name}`).publish(event);

const NAMES = {
  acquired: true,
  refused: true,
  renewed: true,
  renewalFailed: true,
  handover: true,
  lost: true,
  released: true,
  clockSkewed: true,
} as const satisfies Record<LeaseEventName, true>;

/**
 * Calls a listener for every event of every client in this process, and returns what stops it. A listener
 * that throws disturbs neither the election nor other listeners: what it throws is dropped.
 *
 * Two bundles of this package in one process publish on the same channels.
 */
export function onLeaseEvent(
  listener: <N extends LeaseEventName>(name: N, event: LeaseEvents[N]) => void,
): () => void {
  const stops = (Object.keys(NAMES) as LeaseEventName[]).map((name) => {
    const target = channel(`leasehold:${name}`);
    const handler = (event: unknown): void => {
      try {
        listener(name, event as LeaseEvents[typeof name]);
      } catch {
        // Dropped, as documented: diagnostics_channel would make it an uncaught exception.
      }
    };
    target.subscribe(handler);
    return () => target.unsubscribe(handler);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
