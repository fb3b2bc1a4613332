import { AUXILIARY } from "../../lib/core/names.ts";

/** What a history calls a row: a lease by its name, a shard by its group and its own name, any other row by its sort key. */
export function addressOf({
  name,
  row,
}: {
  readonly name: string;
  readonly row?: string | undefined;
}): string {
  if (row === undefined) return name;
  return `${name}/${row.startsWith(AUXILIARY.shard) ? row.slice(AUXILIARY.shard.length) : row}`;
}
