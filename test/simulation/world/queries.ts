import type { RowsPage } from "../../../lib/core/ports.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { EpochMs } from "../../../lib/core/units.ts";
import type { GroupWorld } from "../scenario.ts";
import type { Draws } from "./chance.ts";
import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

/** How long a query takes at the service, at least and at most, in ms; and one that is very slow. */
const TAKES_MS: readonly [number, number] = [0.05, 5];
const TAKES_LONG_MS: readonly [number, number] = [50, 3_000];

/**
 * The queries of one process. None is a snapshot: the rows of a page are read one after another, so that some are older than
 * others by as long as the query takes.
 */
export class Queries {
  readonly #world: World;
  readonly #draws: Draws;
  readonly #pageRows: number;

  constructor(world: World, { name }: SimProcess, { pageRows = [1_000] }: GroupWorld) {
    this.#world = world;
    this.#draws = world.chance.of(`${name}/queries`);
    this.#pageRows = this.#draws.pick(pageRows);
  }

  /** A query for a page of the rows that begin like this. */
  query(
    name: string,
    prefix: string,
    after = "",
  ): {
    readonly perform: () => (servedAt: EpochMs | undefined) => RowsPage;
    readonly takesMs: () => number;
  } {
    const { table } = this.#world.service;
    const readInto = (records: LeaseRecord[], rows: readonly string[]): void => {
      for (const row of rows) {
        const record = table.get(name, row);
        if (record !== undefined) records.push(record);
      }
    };
    return {
      takesMs: () => this.#takesMs(),
      perform: () => {
        const keys = table.sortKeys(name, prefix).filter((key) => key > after);
        const page = keys.slice(0, this.#pageRows);
        const early = page.slice(0, Math.floor(this.#draws.between(0, page.length + 1)));
        const records: LeaseRecord[] = [];
        readInto(records, early);
        return (servedAt) => {
          readInto(records, page.slice(early.length));
          const next = keys.length > page.length ? page.at(-1) : undefined;
          return { records, servedAt, next };
        };
      },
    };
  }

  #takesMs(): number {
    const long = this.#draws.happens(this.#world.rate("stale-look"));
    if (long) this.#world.faults.add("stale-look");
    return this.#draws.spread(...(long ? TAKES_LONG_MS : TAKES_MS));
  }
}
