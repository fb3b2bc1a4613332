import type { ReleaseResult } from "../core/term.ts";
import { elapsedAtMost, type EpochMs, type Reading } from "../core/units.ts";
import type { LeaseHandle } from "./handle.ts";

/** What a client holds: a lease, or a session with all that is held through it. */
export type Held = Pick<LeaseHandle, "heard" | "hearsFrom" | "release">;

/** Whoever has heard nothing for this long may have been frozen, in ms: what it holds is told of the next header, whatever it says. */
const SILENCE_MS = 1_000;

/**
 * All that a client holds. Each response of the store has a `Date` header, and a process may hold ten thousand leases: so a header is told
 * to them only where it can change something. It is the earliest that any of them waits for which decides that; what it is may be
 * out of date and too early, which costs a look at all of them, and never too late.
 */
export class Holdings {
  readonly #held = new Set<Held>();
  /** No header before this one concerns any of them. */
  #earliest = Infinity;
  /** When a header came last. */
  #heardAt: Reading | undefined;

  /** Takes in what needs a release when the client closes. */
  add(held: Held): void {
    this.#held.add(held);
    this.listenFrom(held.hearsFrom);
  }

  /** Leaves out what needs none any more. */
  delete(held: Held): void {
    this.#held.delete(held);
  }

  /** Notes that a header of then, or of later, concerns one of them. */
  listenFrom(date: number): void {
    if (date < this.#earliest) this.#earliest = date;
  }

  /** Tells of a header that has come just now. */
  heard(date: EpochMs, at: Reading): void {
    const before = this.#heardAt;
    this.#heardAt = at;
    const wasSilent = before === undefined || elapsedAtMost(before, at) > SILENCE_MS;
    if (!wasSilent && date < this.#earliest) return;
    this.#earliest = Infinity;
    for (const held of this.#held) {
      if (wasSilent || date >= held.hearsFrom) held.heard(date, at);
      this.listenFrom(held.hearsFrom);
    }
  }

  /** Releases all. */
  release(): Promise<ReleaseResult[]> {
    return Promise.all([...this.#held].map((held) => held.release({ completed: false })));
  }
}
