/** What a part of the benchmark is told. */
export interface BenchContext {
  /** Whether it only has to show that it works: the smallest numbers, no figure worth reading. */
  readonly smoke: boolean;
  /** Aborted when the user interrupts. A part ends its processes and rejects. */
  readonly signal: AbortSignal;
  /** Shows what is being done now. */
  readonly progress: (text: string) => void;
}

/** A table of figures, as it stands in docs/performance.md. */
export interface FigureTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A picture. */
export interface FigurePlot {
  /** Name of its file in docs/performance, without an ending. */
  readonly file: string;
  /** What it shows, for who cannot see it. */
  readonly alt: string;
  /** A Vega-Lite specification with its values inline. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A target, and whether it was reached. */
export interface FigureTarget {
  readonly what: string;
  readonly atMost: number;
  /** Whose figure that is, where it is somebody's. */
  readonly whose?: string;
  readonly measured: number;
  /** What stands in the way, in a few words. It is shown where the target is missed. */
  readonly because?: string;
}

/** One section of docs/performance.md. */
export interface Section {
  readonly title: string;
  /** Paragraphs: what is measured and how, what a reader may conclude and what not. */
  readonly text: readonly string[];
  readonly tables: readonly FigureTable[];
  readonly plots: readonly FigurePlot[];
  readonly targets: readonly FigureTarget[];
}

/** A part of `npm run bench`. */
export interface Part {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  run(context: BenchContext): Promise<readonly Section[]>;
}
