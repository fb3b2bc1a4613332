import type { TermLog } from "../history.ts";
import { shardRow } from "../../../lib/core/names.ts";
import type { Draws } from "./chance.ts";
import { GROUP } from "./ground.ts";
import type { World } from "./world.ts";

/**
 * Storage that leaders write to, fenced in both ways that there are: one keeps the highest token that it has
 * seen, the other checks the lease's row in the same transaction. It knows no time.
 */
export class Witness {
  readonly #world: World;
  readonly #draws: Draws;
  readonly #highest = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#draws = world.chance.of("witness");
  }

  /** A leader's write sets out; it may arrive long after its term. */
  write(term: TermLog, lagMs: number): void {
    const { latency, agenda } = this.#world;
    const slow = this.#draws.happens(this.#world.rate("slow"));
    const delay = lagMs + latency(this.#draws) + (slow ? this.#draws.spread(100, 30_000) : 0);
    agenda.in(delay, () => {
      this.#check(term);
      if (this.#draws.happens(this.#world.rate("late-duplicate"))) {
        this.#world.latecomer(this.#draws.between(1_000, 25_000), () => this.#check(term));
      }
    });
  }

  #check(term: TermLog): void {
    const { lease, token, holder, shard } = term;
    const highest = this.#highest.get(lease) ?? 0;
    const accepted = token >= highest;
    if (accepted) this.#highest.set(lease, token);
    this.#world.record({ kind: "fenced", term, by: "high-water-mark", accepted });
    const { table } = this.#world.service;
    const row = shard === undefined ? table.get(lease) : table.get(GROUP, shardRow(shard));
    const matches = row?.token === token && row.holder === holder;
    this.#world.record({ kind: "fenced", term, by: "row-check", accepted: matches });
  }
}
