import { type Sighting, sighted } from "../core/evidence.ts";
import type { LeaseRecord } from "../core/record.ts";
import type { EpochMs, Reading } from "../core/units.ts";

const MAX_ENTRIES = 10_000;

/**
 * What a client remembers between requests: the last state that it saw of each lease and since when, so that
 * candidates that never wait still gather evidence; and its own claims that it never learnt the outcome of.
 * Bounded: what was noted longest ago is forgotten, which costs time, never safety.
 */
export class Memory {
  readonly #sightings = new Map<string, Sighting>();
  readonly #ownClaims = new Set<string>();

  /** The last state that was seen of a lease. */
  sighting(name: string): Sighting | undefined {
    return this.#sightings.get(name);
  }

  /** Notes what a response showed of a lease. */
  note(
    name: string,
    record: LeaseRecord | undefined,
    received: Reading,
    servedAt: EpochMs | undefined,
  ): Sighting | undefined {
    const before = this.#sightings.get(name);
    this.forget(name);
    if (record === undefined) return undefined;
    const sighting = sighted(before, record, received, servedAt);
    bounded(this.#sightings.set(name, sighting));
    return sighting;
  }

  /** Forgets what was seen of a lease, because it is about to change by our own hand. */
  forget(name: string): void {
    this.#sightings.delete(name);
  }

  /** Remembers a claim, by its write's id, that may have landed or may land yet, and that nobody was told of. */
  forgetClaim(writeId: string): void {
    bounded(this.#ownClaims.add(writeId));
  }

  /** Whether a write was such a claim. */
  isOwnClaim(writeId: string): boolean {
    return this.#ownClaims.has(writeId);
  }
}

function bounded(entries: Map<string, unknown> | Set<string>): void {
  if (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value as string);
}
