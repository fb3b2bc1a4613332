import type { HandedOut } from "../checks/history.ts";
import type { Report } from "../candidate/messages.ts";

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Adds to a count. */
  add(name: string, by = 1): void {
    this.#counts.set(name, this.of(name) + by);
  }

  /** A count; 0 for what was never counted. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The sum of all counts. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** All counts, by name in alphabetical order. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }
}

/** Everything that is heard of while the candidates are tortured. */
export class Journal {
  /** Faults that were carried out, by kind. */
  readonly faults = new Tally();
  /** What candidates told of, by event. */
  readonly events = new Tally();
  /** What should never have happened: each entry a sentence. */
  readonly surprises: string[] = [];
  readonly #terms = new Map<string, HandedOut>();
  /** Who leads, and with which token, by what was told. */
  readonly #leading = new Map<string, number>();

  /** The terms that candidates were handed, in the order in which they told. */
  get handedOut(): readonly HandedOut[] {
    return [...this.#terms.values()];
  }

  /** Those who led when they were last heard of. */
  get leaders(): readonly string[] {
    return [...this.#leading.keys()];
  }

  /** Forgets that a candidate led: it was killed. */
  forget(candidate: string): void {
    this.#leading.delete(candidate);
  }

  /** Takes down what a candidate tells of its terms and of surprises. */
  hear(candidate: string, report: Report): void {
    if (report.kind === "event") this.events.add(report.event);
    if (report.kind === "surprise") this.surprises.push(`${candidate}: ${report.what}`);
    if (report.kind === "over" && report.token === this.#leading.get(candidate)) {
      this.#leading.delete(candidate);
    }
    if (report.kind !== "began" && report.kind !== "held") return;
    const { kind, ...told } = report;
    const key = `${candidate} ${told.pid} ${told.holder} ${told.token}`;
    if (kind === "began") {
      if (this.#terms.has(key)) this.surprises.push(`${candidate} was handed term ${told.token} twice`);
      this.#leading.set(candidate, told.token);
    }
    const never = { before: Number.NaN, after: Number.NaN };
    this.#terms.set(key, { first: never, last: never, samples: 0, ...told, candidate });
  }
}
