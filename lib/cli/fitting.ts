/** A column of a table for people. */
export interface Column {
  readonly title: string;
  /**
   * To how many characters it may be cut where the terminal is too narrow.
   * @default - it is never cut
   */
  readonly least?: number;
  /**
   * Its turn to be left out where cutting does not suffice: 1 goes first.
   * @default - it always stays
   */
  readonly leftOut?: number;
}

/** A column that is shown, and how wide. */
export interface Fitted {
  /** Its place among all columns. */
  readonly at: number;
  readonly width: number;
}

/** Spaces between two columns. */
export const GAP = 2;

/**
 * Chooses the columns that fit into so many characters, and their widths. The widest of those that may be cut gives way first; then
 * columns are left out. Where not even that suffices, the lines are longer than the terminal.
 */
export function fit(columns: readonly Column[], natural: readonly number[], available: number): Fitted[] {
  const shown = columns.map((column, at) => ({ column, at, width: natural[at] ?? 0 }));
  for (;;) {
    for (const one of shown) one.width = natural[one.at] ?? 0;
    let excess = shown.reduce((sum, { width }) => sum + width + GAP, -GAP) - available;
    const cuttable = shown.filter(({ column }) => column.least !== undefined);
    while (excess > 0) {
      const widest = cuttable
        .filter(({ column, width }) => width > (column.least ?? 0))
        .reduce<(typeof cuttable)[number] | undefined>(
          (most, one) => (most === undefined || one.width > most.width ? one : most),
          undefined,
        );
      if (widest === undefined) break;
      widest.width -= 1;
      excess -= 1;
    }
    const next = shown
      .filter(({ column }) => column.leftOut !== undefined)
      .sort((a, b) => (a.column.leftOut ?? 0) - (b.column.leftOut ?? 0))[0];
    if (excess <= 0 || next === undefined) return shown.map(({ at, width }) => ({ at, width }));
    shown.splice(shown.indexOf(next), 1);
  }
}
