import { type Sighting, sighted } from "../core/evidence.ts";
import type { LeaseRecord } from "../core/record.ts";
import type { EpochMs, Reading } from "../core/units.ts";

const MAX_NAMES = 10_000;
const MAX_CLAIMS_PER_NAME = 16;

/**
 * What a client remembers between requests: the last state that it saw of each lease and since when, so that
 * candidates that never wait still gather evidence; and its own claims that it never learnt the outcome of.
 * Bounded: the names longest untouched are forgotten, which costs time, never safety.
 */
export class Memory {
  readonly #sightings = new Map<string, Sighting>();
  readonly #ownClaims = new Map<string, readonly string[]>();

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
    if (record === undefined) {
      this.#sightings.delete(name);
      return undefined;
    }
    const sighting = sighted(this.#sightings.get(name), record, received, servedAt);
    touch(this.#sightings, name, sighting);
    return sighting;
  }

  /** Forgets what was seen of a lease, because it is about to change by our own hand. */
  forget(name: string): void {
    this.#sightings.delete(name);
  }

  /** Remembers a claim that may have landed or may land yet, and that nobody was told of. */
  disown(name: string, writeId: string): void {
    touch(this.#ownClaims, name, [...(this.#ownClaims.get(name) ?? []), writeId].slice(-MAX_CLAIMS_PER_NAME));
  }

  /** Whether a write was such a claim. */
  isOwnClaim(name: string, writeId: string): boolean {
    return this.#ownClaims.get(name)?.includes(writeId) ?? false;
  }
}

function touch<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  if (map.size <= MAX_NAMES) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
