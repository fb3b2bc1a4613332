import type { FigureTable } from "../part.ts";
import type { Absent, Entrant } from "./arena.ts";
import { CONTENDERS } from "./contenders.ts";

/** Each contender's row in the order of the list, those that are absent with the reason. */
export function tableOf<T extends Entrant>(
  columns: readonly string[],
  measured: readonly T[],
  absent: readonly Absent[],
  cells: (of: T) => readonly (string | number)[],
): FigureTable {
  const rows = new Map<string, readonly (string | number)[]>();
  for (const of of measured) rows.set(of.contender.id, [of.label, ...cells(of)]);
  for (const { contender, label, why } of absent)
    rows.set(contender.id, [label, why, ...columns.slice(2).map(() => "")]);
  return { columns, rows: CONTENDERS.flatMap(({ id }) => (rows.has(id) ? [rows.get(id) ?? []] : [])) };
}
