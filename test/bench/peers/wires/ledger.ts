import type { Counts, Loss } from "./wire.ts";

/** Keeps what a wire counts, and what it is to lose. */
export class Ledger {
  #counts = new Map<string, number>();
  #loss: { readonly operations: readonly string[]; readonly how: Loss } | undefined;

  take(): Counts {
    const taken = Object.fromEntries(this.#counts);
    this.#counts = new Map();
    return taken;
  }

  loseNext(operations: readonly string[], how: Loss): void {
    this.#loss = { operations, how };
  }

  /** Counts a request; returns how its answer is to be lost, if it is. */
  count(operation: string): Loss | undefined {
    this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1);
    const loss = this.#loss;
    if (!loss?.operations.includes(operation)) return undefined;
    this.#loss = undefined;
    return loss.how;
  }
}
