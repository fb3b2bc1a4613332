import { type Channel, channel } from "node:diagnostics_channel";
import type { EventSink, LeaseEventName, LeaseEvents } from "../core/events.ts";
import { undisturbed } from "../core/undisturbed.ts";

/**
 * The channels, held for as long as this module is: a runtime may collect a channel that nobody refers to, and Bun does so with those
 * that have listeners, too.
 */
const CHANNELS: Readonly<Record<LeaseEventName, Channel>> = {
  acquired: channel("leasehold:acquired"),
  refused: channel("leasehold:refused"),
  renewed: channel("leasehold:renewed"),
  renewalFailed: channel("leasehold:renewalFailed"),
  requestFailed: channel("leasehold:requestFailed"),
  contactRestored: channel("leasehold:contactRestored"),
  handover: channel("leasehold:handover"),
  lost: channel("leasehold:lost"),
  released: channel("leasehold:released"),
  workFailed: channel("leasehold:workFailed"),
  clockSkewed: channel("leasehold:clockSkewed"),
  fenced: channel("leasehold:fenced"),
};

/** Publishes events on `node:diagnostics_channel` `leasehold:<name>`; costs next to nothing unheard. */
export const publish: EventSink = (name, event) => CHANNELS[name].publish(event);

/**
 * Calls a listener for every event of every client in this process, and returns what stops it. A listener
 * that throws or rejects disturbs neither the election nor other listeners: what it throws is dropped.
 *
 * Two bundles of this package in one process publish on the same channels.
 */
export function onLeaseEvent(
  listener: <N extends LeaseEventName>(name: N, event: LeaseEvents[N]) => unknown,
): () => void {
  const stops = (Object.keys(CHANNELS) as LeaseEventName[]).map((name) => {
    const target = CHANNELS[name];
    const handler = (event: unknown): void => {
      // diagnostics_channel would make what it throws an uncaught exception.
      undisturbed(() => listener(name, event as LeaseEvents[typeof name]));
    };
    target.subscribe(handler);
    return () => target.unsubscribe(handler);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
