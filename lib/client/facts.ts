import type { Sample } from "../core/service-clock.ts";
import type { Facts } from "../core/term-state.ts";
import type { Reading } from "../core/units.ts";
import type { Contender } from "./contender.ts";

/** What a step reads besides its term, once it asks for it. */
export class FactsAt implements Facts {
  readonly at: Reading;
  readonly #self: Contender;

  constructor(at: Reading, self: Contender) {
    this.at = at;
    this.#self = self;
  }

  /** Drawn when it is needed: a process may start from an image of this one's memory. */
  get writeId(): string {
    return this.#self.random.id();
  }

  get samples(): readonly Sample[] {
    return this.#self.exchange.samples;
  }
}
