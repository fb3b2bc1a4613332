import { AUXILIARY } from "../../lib/core/names.ts";

/** How many addresses are kept, of all histories together. */
const MOST = 10_000;
const known = new Map<string, Map<string, string>>();
let count = 0;

/** What a history calls a row: a lease by its name, a shard by its group and its own name, any other row by its sort key. */
export function addressOf({
  name,
  row,
}: {
  readonly name: string;
  readonly row?: string | undefined;
}): string {
  if (row === undefined) return name;
  return known.get(name)?.get(row) ?? remembered(name, row);
}

/** Every checker asks for every write's, and text that was just put together is slow to look up. */
function remembered(name: string, row: string): string {
  if (count >= MOST) known.clear();
  count = count >= MOST ? 1 : count + 1;
  const ofName = known.get(name) ?? new Map<string, string>();
  known.set(name, ofName);
  const address = `${name}/${row.startsWith(AUXILIARY.shard) ? row.slice(AUXILIARY.shard.length) : row}`;
  ofName.set(row, address);
  return address;
}
