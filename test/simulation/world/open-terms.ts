import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import { shardOf } from "../../../lib/core/names.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import { addressOf } from "../address.ts";
import type { SimProcess } from "./process.ts";
import type { OpenTerm } from "./terms.ts";
import type { World } from "./world.ts";
import { worstMoments } from "./worst-moments.ts";

/** A leader that was not paused hears of its end within this, in ms: its own timer tells it. */
const HEARS_WITHIN_MS = 50;
/** So many of the terms that are over are asked again when a clock was set. */
const LATEST = 20;
/** How often a leader whose row was taken is listened to instead of asked. */
const HUSHED = 0.2;

/** Why a leader is asked whether it leads. */
export type Because = "overlap" | "thaw" | "row" | "closing";

/** The terms that were handed out, and who is asked about them when. */
export class OpenTerms {
  readonly #world: World;
  readonly #open = new Set<OpenTerm>();
  /** The same, by lease: two of one lease may overlap. */
  readonly #rivals = new Map<string, Set<OpenTerm>>();
  readonly #contested = new Set<Set<OpenTerm>>();
  readonly #over: OpenTerm[] = [];
  readonly #hushed = new Set<OpenTerm>();

  constructor(world: World) {
    this.#world = world;
  }

  [Symbol.iterator](): Iterator<OpenTerm> {
    return this.#open.values();
  }

  add(open: OpenTerm): void {
    const rivals = this.#rivals.get(open.log.lease) ?? new Set();
    worstMoments(this.#world, open, rivals);
    this.#rivals.set(open.log.lease, rivals);
    this.#open.add(open);
    rivals.add(open);
    if (rivals.size > 1) this.#contested.add(rivals);
  }

  delete(open: OpenTerm): boolean {
    const rivals = this.#rivals.get(open.log.lease);
    rivals?.delete(open);
    if (rivals !== undefined && rivals.size <= 1) this.#contested.delete(rivals);
    return this.#open.delete(open);
  }

  /** Notes that nobody asks a term again by itself: it ended, and its holder knows. */
  over(open: OpenTerm): void {
    this.delete(open);
    this.#over.push(open);
  }

  /** The terms that a process leads in, as far as is known. */
  of(process: SimProcess): OpenTerm[] {
    return [...this.#open].filter((open) => open.process === process);
  }

  /** Asks everybody who may lead. */
  rollCall(because: Because): void {
    for (const open of this.#open) if (this.canBeAsked(open)) this.ask(open, because);
  }

  /** Asks those who may lead the same. */
  askRivals(): void {
    for (const rivals of this.#contested)
      for (const open of rivals) if (this.canBeAsked(open)) this.ask(open, "overlap");
  }

  /** Asks every handle that can still be asked. */
  askAll(): void {
    for (const open of [...this.#open, ...this.#over]) if (open.process.running) this.ask(open, "closing");
  }

  /** Asks about the latest terms that are over: one that is stays so, wherever the wall clock is. */
  askOver(process: SimProcess): void {
    const over = process.running ? this.#over.slice(-LATEST) : [];
    for (const open of over) if (open.process === process) this.ask(open, "closing");
  }

  /** Whether a leader can be asked now: it runs, and nobody waits to see whether it hears of its end by itself. */
  canBeAsked(open: OpenTerm): boolean {
    return open.process.running && open.process.lagMs === 0 && !this.#hushed.has(open);
  }

  /** Asks a leader whether it still leads. */
  ask(open: OpenTerm, because: Because): void {
    const world = this.#world;
    const held = open.process.asked(() => open.lease.isHeld());
    world.record({ kind: "asked", term: open.log, held, because });
    if (held) return;
    world.touch();
    if (!this.delete(open)) return;
    this.#over.push(open);
    if (open.log.shard !== undefined) world.noteEnd(open);
  }

  /**
   * Asks whoever lost a row by a write that was executed. And whose release of a shard was refused, since somebody had vacated it by
   * force: a holder that gives up does not lead any more, and no row shows it.
   */
  askAbout(write: LeaseWrite, before: LeaseRecord | undefined, after: LeaseRecord | undefined): void {
    const address = addressOf(write);
    if (after === undefined) {
      const { holder, token } = write.expects;
      if (write.kind === "release" && shardOf(write.row) !== undefined && holder !== undefined)
        this.#askHolder(address, holder, token ?? 0, false);
    } else if (before?.holder !== undefined) {
      const kept = after.holder === before.holder && after.token === before.token && write.kind !== "resume";
      const succeeded = write.beginsTerm && after.holder !== before.holder;
      if (!kept) this.#askHolder(address, before.holder, before.token, succeeded);
    }
  }

  /** Asks the holder of a row that was taken from it, or of all that rests on it. */
  #askHolder(lease: string, holder: string, token: number, succeeded: boolean): void {
    for (const open of this.#open) {
      const { log } = open;
      const isIt = log.lease === lease && log.holder === holder && log.token === token;
      const restsOnIt = log.session?.token === token && lease.endsWith(`#${log.session.id}`);
      if (!(isIt || restsOnIt) || !this.canBeAsked(open)) continue;
      if (succeeded && this.#world.chance.of("hearing").happens(HUSHED)) this.#listen(open);
      else this.ask(open, "row");
    }
  }

  /** Looks whether a leader hears by itself that its term is over, without asking it: asking would tell it. */
  #listen(open: OpenTerm): void {
    const { process, log, lease } = open;
    const since = process.runningSince;
    this.#hushed.add(open);
    this.#world.agenda.in(HEARS_WITHIN_MS, () => {
      this.#hushed.delete(open);
      if (!process.running || process.runningSince !== since || process.everFroze) return;
      this.#world.record({ kind: "heard", term: log, aborted: lease.signal.aborted });
    });
  }
}
