import type { HistoryEvent, TermLog } from "../history.ts";

/** A stretch of a row. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A term as it is drawn. */
export interface TermBar extends Stretch {
  readonly term: TermLog;
  readonly end: string;
}

/** A host: its processes, one after another, and what befell them. */
export interface Row {
  readonly host: string;
  readonly lives: Stretch[];
  readonly pauses: (Stretch & { readonly how: string })[];
  readonly terms: TermBar[];
  readonly marks: { readonly at: number; readonly kind: "crash" | "refused" | "fenced" | "unknown" }[];
}

/** Collects rows from events. */
export class RowBook {
  readonly #rows = new Map<string, Row>();
  readonly #hostOf = new Map<string, string>();
  readonly #started = new Map<string, number>();
  readonly #paused = new Map<string, { readonly at: number; readonly how: string }>();
  readonly #begun = new Map<number, { readonly at: number; readonly term: TermLog }>();
  readonly #writes = new Set<number>();

  /** The rows, in the order of the hosts' numbers; those who come at the end stay there. */
  close(at: number): Row[] {
    for (const id of this.#begun.keys()) this.#closeTerm(id, at, "held");
    for (const process of this.#started.keys()) this.#closeLife(process, at);
    const numberOf = ({ host }: Row): number => Number(host.split("-")[1] ?? Number.MAX_SAFE_INTEGER);
    return [...this.#rows.values()].sort((a, b) => numberOf(a) - numberOf(b));
  }

  note(event: HistoryEvent): void {
    switch (event.kind) {
      case "joined":
        return this.#join(event.process, event.host, event.at);
      case "paused":
        this.#paused.set(event.process, event);
        return;
      case "thawed":
        return this.#wake(event.process, event.at);
      case "crashed":
        return this.#crash(event.process, event.at);
      case "began":
        this.#begun.set(event.term.id, event);
        return;
      case "asked":
        if (!event.held) this.#closeTerm(event.term.id, event.at, "over");
        return;
      case "ended":
        return this.#closeTerm(event.term.id, event.at, event.end?.reason ?? "held");
      case "fenced":
        if (!event.accepted && event.by === "high-water-mark")
          this.#mark(event.term.process, event.at, "fenced");
        return;
      case "sent":
        if (event.write !== undefined) this.#writes.add(event.request);
        return;
      case "answered":
        if (!this.#writes.has(event.request)) return;
        if (event.answer === "refused" || event.answer === "unknown")
          this.#mark(event.process, event.at, event.answer);
        return;
      default:
    }
  }

  #rowOf(process: string): Row | undefined {
    return this.#rows.get(this.#hostOf.get(process) ?? "");
  }

  #mark(process: string, at: number, kind: Row["marks"][number]["kind"]): void {
    this.#rowOf(process)?.marks.push({ at, kind });
  }

  #join(process: string, host: string, at: number): void {
    this.#hostOf.set(process, host);
    this.#started.set(process, at);
    if (!this.#rows.has(host)) this.#rows.set(host, { host, lives: [], pauses: [], terms: [], marks: [] });
  }

  #crash(process: string, at: number): void {
    for (const { term } of this.#begun.values()) {
      if (term.process === process) this.#closeTerm(term.id, at, "crashed");
    }
    this.#mark(process, at, "crash");
    this.#closeLife(process, at);
  }

  #closeTerm(id: number, at: number, end: string): void {
    const open = this.#begun.get(id);
    this.#begun.delete(id);
    if (open === undefined) return;
    this.#rowOf(open.term.process)?.terms.push({ from: open.at, to: at, term: open.term, end });
  }

  #closeLife(process: string, at: number): void {
    const from = this.#started.get(process);
    this.#started.delete(process);
    if (from !== undefined) this.#rowOf(process)?.lives.push({ from, to: at });
    this.#wake(process, at);
  }

  #wake(process: string, at: number): void {
    const pause = this.#paused.get(process);
    this.#paused.delete(process);
    if (pause !== undefined) this.#rowOf(process)?.pauses.push({ from: pause.at, to: at, how: pause.how });
  }
}
