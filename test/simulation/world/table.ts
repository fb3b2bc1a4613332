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

  get(name: string): LeaseRecord | undefined {
    return this.#rows.get(name) as LeaseRecord | undefined;
  }

  /** Puts a row in place of what is there; `undefined` deletes it. */
  put(name: string, row: LeaseRecord | undefined): void {
    if (row === undefined) this.#rows.delete(name);
    else this.#rows.set(name, row as unknown as Row);
  }

  /** The rows beside a lease's own whose sort key begins like this. */
  auxiliaryRows(name: string, prefix: string): LeaseRecord[] {
    const start = `${name}\n${prefix}`;
    return [...this.#rows]
      .filter(([key]) => key.startsWith(start))
      .map(([, row]) => row as unknown as LeaseRecord);
  }

  execute(write: LeaseWrite): Execution {
    const key = write.row === undefined ? write.name : `${write.name}\n${write.row}`;
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
    this.#rows.set(key, made);
    return { before, after: made as unknown as LeaseRecord };
  }
}

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
