import type { HandedOut } from "../checks/history.ts";
import type { Report } from "../candidate/messages.ts";

/** Counts one more of a name. */
export function tally(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Everything that is heard of while the candidates are tortured. */
export class Journal {
  /** Faults that were carried out, by kind. */
  readonly faults = new Map<string, number>();
  /** What candidates told of, by event. */
  readonly events = new Map<string, number>();
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
    if (report.kind === "event") tally(this.events, report.event);
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
