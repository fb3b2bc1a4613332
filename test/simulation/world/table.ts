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
  /** The rows by name and sort key; a lease's own has none. */
  readonly #names = new Map<string, Map<string | undefined, Row>>();

  /** A lease's own row, or another under its name. */
  get(name: string, row?: string): LeaseRecord | undefined {
    return this.#names.get(name)?.get(row) as LeaseRecord | undefined;
  }

  /** Puts a row in place of what is there; `undefined` deletes it. */
  put(name: string, record: LeaseRecord | undefined, row?: string): void {
    if (record === undefined) this.#rowsOf(name).delete(row);
    else this.#rowsOf(name).set(row, record as unknown as Row);
  }

  /** The sort keys of a name's rows that begin like this, in their order. */
  sortKeys(name: string, prefix: string): string[] {
    const keys: string[] = [];
    for (const key of this.#rowsOf(name).keys()) if (key?.startsWith(prefix)) keys.push(key);
    return keys.sort();
  }

  /** The rows beside a lease's own whose sort key begins like this. */
  auxiliaryRows(name: string, prefix: string): LeaseRecord[] {
    return [...this.#rowsOf(name)]
      .filter(([key]) => key?.startsWith(prefix))
      .map(([, row]) => row as unknown as LeaseRecord);
  }

  execute(write: LeaseWrite): Execution {
    const rows = this.#rowsOf(write.name);
    const found = rows.get(write.row);
    const before = found as LeaseRecord | undefined;
    if (!conditionHolds(found ?? {}, write)) return { before, after: undefined };
    const changes: Record<string, unknown> = { ...write.set, name: write.name };
    if (write.piggybacks !== true) {
      changes["writeId"] = write.writeId;
      changes["revision"] = numberIn(found, "revision") + 1;
    }
    changes["transitions"] = numberIn(found, "transitions") + (write.beginsTerm ? 1 : 0);
    if (write.row !== undefined && !write.row.startsWith(AUXILIARY.candidate)) changes["row"] = write.row;
    const made = changed(found ?? {}, changes, write.clear);
    rows.set(write.row, made);
    return { before, after: made as unknown as LeaseRecord };
  }

  #rowsOf(name: string): Map<string | undefined, Row> {
    const rows = this.#names.get(name) ?? new Map<string | undefined, Row>();
    this.#names.set(name, rows);
    return rows;
  }
}

/** All attributes, in the one order in which every row has those that it has. */
const ATTRIBUTES = Object.keys({
  name: true,
  row: true,
  holder: true,
  token: true,
  revision: true,
  expiresAt: true,
  durationMs: true,
  acquiredAt: true,
  renewedAt: true,
  writeId: true,
  transitions: true,
  value: true,
  tick: true,
  priority: true,
  requestedBy: true,
  requestedPriority: true,
  lockDelayMs: true,
  reservedFor: true,
  sessionToken: true,
  bell: true,
  weight: true,
  maxShards: true,
  ttl: true,
} satisfies Record<keyof LeaseRecord, true>);

/**
 * A row with changes. It is made anew, in one order of attributes, and nothing is deleted from it: JavaScript keeps an object from which
 * something was deleted as a slow dictionary, and whatever reads one row in a history reads it a hundred times.
 */
function changed(row: Row, changes: Row, clear: readonly string[]): Row {
  const made: Record<string, unknown> = {};
  for (const attribute of ATTRIBUTES) {
    if (clear.includes(attribute)) continue;
    const change = changes[attribute];
    const value = change === undefined ? row[attribute] : change;
    if (value !== undefined) made[attribute] = value;
  }
  return made;
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
