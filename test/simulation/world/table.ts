import { AUXILIARY } from "../../../lib/core/names.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";

type Row = Readonly<Record<string, unknown>>;

/** What one execution of a write did. */
export interface Execution {
  readonly before: LeaseRecord | undefined;
  /** `undefined` when the condition refused it. */
  readonly after: LeaseRecord | undefined;
}

/**
 * The lease table: linearizable, since one event executes one write. It reads a write as DynamoDB reads the
 * `UpdateItem` that docs/protocol.md gives for it, attribute by attribute, and shares no code with
 * `lib/core/writes.ts`, so that a mistake there is not made here too.
 */
export class LeaseTable {
  readonly #rows = new Map<string, Row>();

  /** A lease's own row, or another under its name. */
  get(name: string, row?: string): LeaseRecord | undefined {
    return this.#rows.get(keyOf(name, row)) as LeaseRecord | undefined;
  }

  /** Puts a row in place of what is there; `undefined` deletes it. */
  put(name: string, record: LeaseRecord | undefined, row?: string): void {
    const key = keyOf(name, row);
    if (record === undefined) this.#rows.delete(key);
    else this.#rows.set(key, record as unknown as Row);
  }

  /** The sort keys of a name's rows that begin like this, in their order. */
  sortKeys(name: string, prefix: string): string[] {
    const start = `${name}\n`;
    const keys = [...this.#rows.keys()].filter((key) => key.startsWith(start + prefix));
    return keys.map((key) => key.slice(start.length)).sort();
  }

  /** The rows beside a lease's own whose sort key begins like this. */
  auxiliaryRows(name: string, prefix: string): LeaseRecord[] {
    const start = `${name}\n${prefix}`;
    return [...this.#rows]
      .filter(([key]) => key.startsWith(start))
      .map(([, row]) => row as unknown as LeaseRecord);
  }

  execute(write: LeaseWrite): Execution {
    const key = keyOf(write.name, write.row);
    const found = this.#rows.get(key);
    const before = found as LeaseRecord | undefined;
    if (!conditionHolds(found ?? {}, write)) return { before, after: undefined };
    const made: Record<string, unknown> = { ...found, name: write.name };
    for (const [attribute, value] of Object.entries(write.set)) {
      if (value !== undefined) made[attribute] = value;
    }
    for (const attribute of write.clear) delete made[attribute];
    if (write.piggybacks !== true) {
      made["writeId"] = write.writeId;
      made["revision"] = numberIn(found, "revision") + 1;
    }
    made["transitions"] = numberIn(found, "transitions") + (write.beginsTerm ? 1 : 0);
    if (write.row !== undefined && !write.row.startsWith(AUXILIARY.candidate)) made["row"] = write.row;
    this.#rows.set(key, made);
    return { before, after: made as unknown as LeaseRecord };
  }
}

const keyOf = (name: string, row: string | undefined): string =>
  row === undefined ? name : `${name}\n${row}`;

/** A comparison with an attribute that is missing is false, as in DynamoDB; `attribute_not_exists` is not. */
function conditionHolds(row: Row, { expects }: LeaseWrite): boolean {
  if (expects.vacant !== undefined && "holder" in row) return false;
  if (expects.openTo !== undefined && "reservedFor" in row) {
    if (!expects.openTo.some((who) => row["reservedFor"] === who)) return false;
  }
  if (expects.requestedBelow !== undefined) {
    if ("requestedPriority" in row && !((row["requestedPriority"] as number) < expects.requestedBelow))
      return false;
  }
  if (expects.tokenBelow !== undefined) {
    if ("token" in row && !((row["token"] as number) < expects.tokenBelow)) return false;
  }
  if (expects.tickBelow !== undefined) {
    if ("tick" in row && !((row["tick"] as string) < expects.tickBelow)) return false;
  }
  for (const attribute of ["revision", "token", "holder", "writeId", "tick"] as const) {
    const value = expects[attribute];
    if (value !== undefined && !(attribute in row && row[attribute] === value)) return false;
  }
  return true;
}

function numberIn(row: Row | undefined, attribute: string): number {
  return (row?.[attribute] as number | undefined) ?? 0;
}
