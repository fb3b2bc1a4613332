import { type Sighting, sighted } from "../core/evidence.ts";
import type { LeaseRecord } from "../core/record.ts";
import type { EpochMs, Reading } from "../core/units.ts";

/** A state that is remembered, and when a response last carried it. */
export interface Remembered extends Sighting {
  readonly lastSeen: Reading;
}

/** How much a client remembers of leases, and of claims, in bytes each: of the usual leases some fifteen thousand. */
export const MAX_MEMORY_BYTES = 8 * 1_024 * 1_024;

/** What an entry takes beside its text, in bytes: about. */
const ENTRY_BYTES = 400;

/** A text's size in memory, at most: JavaScript keeps text of two bytes a character. */
const bytesOf = (...texts: readonly (string | undefined)[]): number =>
  texts.reduce((bytes, text) => bytes + 2 * (text?.length ?? 0), ENTRY_BYTES);

/**
 * What a client remembers between requests: the last state that it saw of each lease and since when, so that
 * candidates that never wait still gather evidence; and its own claims that it never learnt the outcome of.
 * Bounded in bytes: what was noted longest ago is forgotten, which costs time, never safety. What leaders proclaim is not kept: it
 * tells nothing of who leads, and may be large.
 */
export class Memory {
  readonly #sightings = new Bounded<Remembered>();
  readonly #ownClaims = new Bounded<true>();

  /** The last state that was seen of a lease, without its value. */
  sighting(name: string, row?: string): Remembered | undefined {
    return this.#sightings.get(keyOf(name, row));
  }

  /** Notes what a response showed of a lease. Returns all of it, and since when it has been so. */
  note(
    name: string,
    record: LeaseRecord | undefined,
    received: Reading,
    servedAt: EpochMs | undefined,
    row?: string,
  ): Sighting | undefined {
    const key = keyOf(name, row);
    if (record === undefined) {
      this.#sightings.delete(key);
      return undefined;
    }
    const sighting = sighted(this.#sightings.get(key), record, received, servedAt);
    const kept = withoutRest(record);
    const { holder, tick, writeId, reservedFor, requestedBy } = kept;
    const bytes = bytesOf(key, key, holder, tick, writeId, reservedFor, requestedBy);
    this.#sightings.set(key, { ...sighting, record: kept, lastSeen: received }, bytes);
    return sighting;
  }

  /** Forgets what was seen of a lease, because it is about to change by our own hand. */
  forget(name: string, row?: string): void {
    this.#sightings.delete(keyOf(name, row));
  }

  /** Remembers a claim, by its write's id, that may have landed or may land yet, and that nobody was told of. */
  rememberClaim(writeId: string): void {
    this.#ownClaims.set(writeId, true, bytesOf(writeId));
  }

  /** Whether a write was such a claim. */
  isOwnClaim(writeId: string): boolean {
    return this.#ownClaims.get(writeId) === true;
  }
}

/** No name of a lease and a row under it is another lease's: a name may hold any character, so it is told from the row by its length. */
const keyOf = (name: string, row: string | undefined): string =>
  row === undefined ? name : `${name}\n${row}\n${name.length}`;

/** A record without its value, and without what somebody else put on the row. */
function withoutRest(record: LeaseRecord): LeaseRecord {
  return {
    name: record.name,
    row: record.row,
    holder: record.holder,
    token: record.token,
    revision: record.revision,
    expiresAt: record.expiresAt,
    durationMs: record.durationMs,
    acquiredAt: record.acquiredAt,
    renewedAt: record.renewedAt,
    writeId: record.writeId,
    transitions: record.transitions,
    tick: record.tick,
    priority: record.priority,
    requestedBy: record.requestedBy,
    requestedPriority: record.requestedPriority,
    lockDelayMs: record.lockDelayMs,
    reservedFor: record.reservedFor,
    sessionToken: record.sessionToken,
    ttl: record.ttl,
  };
}

/** A map that forgets what was set longest ago once it has grown too large. */
class Bounded<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  #bytes = 0;

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: T, bytes: number): void {
    this.delete(key);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= MAX_MEMORY_BYTES) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
