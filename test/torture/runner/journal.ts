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
  /** By which id each worker takes part, as it told last. */
  readonly joined = new Map<string, string>();
  /** The sessions that were closed after faults had stopped. */
  readonly closed: string[] = [];
  readonly #terms = new Map<string, HandedOut>();
  /** Who leads what, and with which token, by what was told. */
  readonly #leading = new Map<string, Pick<HandedOut, "candidate" | "row" | "token">>();

  /** The terms that candidates were handed, in the order in which they told. */
  get handedOut(): readonly HandedOut[] {
    return [...this.#terms.values()];
  }

  /** Those who led when they were last heard of. */
  get leaders(): readonly string[] {
    return [...new Set([...this.#leading.values()].map(({ candidate }) => candidate))];
  }

  /** The shards and permits that somebody led when it was last heard of, by their rows. */
  get led(): ReadonlySet<string> {
    return new Set([...this.#leading.values()].map(({ row = "" }) => row));
  }

  /** Forgets that somebody led: it was killed. */
  forget(candidate: string): void {
    this.joined.delete(candidate);
    for (const [of, leading] of this.#leading) if (leading.candidate === candidate) this.#leading.delete(of);
  }

  /** Takes down what a candidate tells of its terms and of surprises. */
  hear(candidate: string, report: Report): void {
    if (report.kind === "event") tally(this.events, report.event);
    if (report.kind === "fault") tally(this.faults, report.fault);
    if (report.kind === "joined") this.joined.set(candidate, report.id);
    if (report.kind === "closed") {
      this.joined.delete(candidate);
      if (report.calmly) this.closed.push(report.id);
    }
    if (report.kind === "surprise") this.surprises.push(`${candidate}: ${report.what}`);
    if (report.kind === "over") {
      const of = `${candidate} ${report.row}`;
      if (report.token === this.#leading.get(of)?.token) this.#leading.delete(of);
    }
    if (report.kind !== "began" && report.kind !== "held") return;
    const { kind, ...told } = report;
    const key = `${candidate} ${told.pid} ${told.holder} ${told.row} ${told.token}`;
    if (kind === "began") {
      if (this.#terms.has(key))
        this.surprises.push(
          `${candidate} was handed term ${told.token}${told.row === undefined ? "" : ` of ${told.row}`} twice`,
        );
      this.#leading.set(`${candidate} ${told.row}`, { ...told, candidate });
    }
    const never = { before: Number.NaN, after: Number.NaN };
    this.#terms.set(key, { first: never, last: never, samples: 0, ...told, candidate });
  }
}
