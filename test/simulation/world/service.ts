import { type EpochMs, epochMs } from "../../../lib/core/units.ts";
import type { Agenda } from "./agenda.ts";
import type { Chance, Draws } from "./chance.ts";
import { LeaseTable } from "./table.ts";

/** The service: one table behind front ends whose clocks disagree. */
export class Service {
  readonly table = new LeaseTable();
  /** The common service clock at instant 0. */
  readonly epochMs: number;
  readonly #agenda: Agenda;
  readonly #frontEnds: readonly number[];
  readonly #draws: Draws;

  constructor(agenda: Agenda, chance: Chance, skewMs: number) {
    this.#agenda = agenda;
    this.#draws = chance.of("service/front-end");
    const draws = chance.of("service/clocks");
    this.epochMs = 1_767_225_600_000 + Math.floor(draws.between(0, 60_000));
    // The worst that δ allows, both ways, is more telling than anything between.
    this.#frontEnds = [skewMs, -skewMs, draws.between(-skewMs, skewMs)];
  }

  /** The common service clock. */
  get now(): number {
    return this.epochMs + this.#agenda.now;
  }

  /** The `Date` header that some front end puts on a response now: its own clock, truncated to the second. */
  dateHeader(): EpochMs {
    const clock = this.now + this.#draws.pick(this.#frontEnds);
    return epochMs(Math.floor(clock / 1_000) * 1_000);
  }
}
