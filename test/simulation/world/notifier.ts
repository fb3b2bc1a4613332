import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

/** How often those who wait to be told of a release are told. */
const NOTIFIED = 0.8;

/** Tells those who want to be told, most of the time, that the lease may be free. */
export class Notifier {
  readonly #world: World;
  readonly #listeners = new Map<SimProcess, () => void>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Enters who wants to be told, and how; one listener a process. */
  subscribe(process: SimProcess, notify: () => void): void {
    this.#listeners.set(process, notify);
  }

  tell(): void {
    const { agenda, chance, latency } = this.#world;
    const draws = chance.of("heralds"); // Part of every seed: another name would play other histories.
    for (const [process, notify] of this.#listeners) {
      if (!draws.happens(NOTIFIED)) continue;
      agenda.in(latency(draws), () =>
        process.deliver(() => {
          this.#world.record({ kind: "notified", process: process.name });
          notify();
        }),
      );
    }
  }
}
