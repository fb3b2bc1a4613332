import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { LeaseError } from "../core/errors.ts";
import { AUXILIARY, calledBy } from "../core/names.ts";
import type { LeaseRecord } from "../core/record.ts";
import { LEASE_TABLE_SCHEMA } from "./schema.ts";

const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;

/** A row as it was read. */
export interface Row {
  /** Its record, without the attributes whose type is wrong. */
  readonly record: LeaseRecord;
  /** The attributes on which an election rests, and which are wrong: of another type, or missing. */
  readonly broken: readonly {
    readonly attribute: string;
    /** What is wrong with it, as part of a sentence. */
    readonly how: string;
  }[];
}

type Attribute = Exclude<keyof LeaseRecord, "name" | "value">;

/** What type each attribute has. Conditions and arithmetic need the first ones; nobody decides by the others. */
const ESSENTIAL: Partial<Record<Attribute, "S" | "N">> = {
  holder: "S",
  token: "N",
  revision: "N",
  transitions: "N",
  writeId: "S",
  durationMs: "N",
  expiresAt: "N",
  reservedFor: "S",
  tick: "S",
  lockDelayMs: "N",
  sessionToken: "N",
};
const INFORMATIVE: Partial<Record<Attribute, "S" | "N">> = {
  acquiredAt: "N",
  renewedAt: "N",
  priority: "N",
  requestedBy: "S",
  requestedPriority: "N",
  bell: "S",
  weight: "N",
  maxShards: "N",
  ttl: "N",
};

// By names that come from rows: `constructor` and the like, which every other object has, are none of these.
const EXPECTED = { __proto__: null, ...ESSENTIAL, ...INFORMATIVE } as unknown as Readonly<
  Record<string, "S" | "N" | undefined>
>;

/** What a record says of its key. An attribute that is called so is somebody else's: it would send writes to another row. */
const OF_THE_KEY: ReadonlySet<string> = new Set([partitionKey, sortKey, "name", "row"]);

const TYPES: Readonly<Record<string, string>> = {
  S: "a string",
  N: "a number",
  B: "binary",
  BOOL: "a boolean",
  NULL: "null",
  M: "a map",
  L: "a list",
  SS: "a set of strings",
  NS: "a set of numbers",
  BS: "a set of binaries",
};

/**
 * Reads a row as the service sends it; `undefined` for no row. What is missing reads as never written, so a
 * row under a lease's key that this protocol did not write is a vacant lease. What has a type that no client writes was edited
 * by hand: it is left out, and told of where an election rests on it.
 */
export function rowOf(item: Record<string, AttributeValue> | undefined): Row | undefined {
  if (item === undefined || Object.keys(item).length === 0) return undefined;
  const broken: Row["broken"][number][] = [];
  // Whoever leads ten thousand shards reads as many rows at once: what is known to be a string or a number takes no library.
  const record: Record<string, unknown> = {
    token: 0,
    revision: 0,
    writeId: "",
    durationMs: 0,
    transitions: 0,
  };
  let others: Record<string, AttributeValue> | undefined;
  // What an attribute called `__proto__` has made of the item is not looked at.
  for (const attribute of Object.keys(item)) {
    const value = item[attribute] as AttributeValue;
    if (OF_THE_KEY.has(attribute)) continue;
    const expected = EXPECTED[attribute];
    if (expected === undefined) (others ??= {})[attribute] = value;
    else if (expected === "N" && value.N !== undefined) record[attribute] = Number(value.N);
    else if (expected === "S" && value.S !== undefined) record[attribute] = value.S;
    else if (attribute in ESSENTIAL)
      broken.push({
        attribute,
        how: `${attribute} is ${TYPES[Object.keys(value)[0] ?? ""] ?? "of an unknown type"} and must be ${TYPES[expected]}`,
      });
  }
  // A proclaimed value may hold any number; one beyond what JavaScript counts exactly must not end an election.
  if (others !== undefined) Object.assign(record, unmarshall(others, { wrapNumbers: Number }));
  record["name"] = String(item[partitionKey]?.S);
  const row = item[sortKey]?.S;
  if (row && row !== leaseSortKey) record["row"] = row;
  // Every condition on a term compares its token: without one it could not be taken over, ended or released. Nobody judges registrations.
  if ("holder" in record && !("token" in item) && row?.startsWith(AUXILIARY.candidate) !== true)
    broken.push({ attribute: "token", how: "there is a holder and no token" });
  return { record: record as unknown as LeaseRecord, broken };
}

/** Reads a row, whatever is wrong with it. */
export function recordOf(item: Record<string, AttributeValue> | undefined): LeaseRecord | undefined {
  return rowOf(item)?.record;
}

/**
 * Judges a row that is to be decided by. `concerns` tells which attributes the decision rests on: a running term survives what does not
 * concern it.
 * @throws {LeaseError} RECORD_INVALID naming each attribute on which an election rests and which is missing, or whose type is
 *   wrong, the type that was found, and how to mend it
 */
export function sound(
  row: Row | undefined,
  tableName: string,
  concerns: (attribute: string) => boolean = () => true,
): LeaseRecord | undefined {
  const wrong = (row?.broken ?? []).filter(({ attribute }) => concerns(attribute)).map(({ how }) => how);
  if (row === undefined || wrong.length === 0) return row?.record;
  const { name, row: of } = row.record;
  const message = `${calledBy(name, of)} in table "${tableName}": ${wrong.join(", and ")}, so somebody edited the row by hand; set it right, or delete the row while nobody leads`;
  throw new LeaseError("RECORD_INVALID", message, { lease: name });
}

/** Reads a page of rows, whatever is wrong with them. */
export function recordsOf(items: Record<string, AttributeValue>[] | undefined): LeaseRecord[] {
  return (items ?? []).map(recordOf).filter((record) => record !== undefined);
}
