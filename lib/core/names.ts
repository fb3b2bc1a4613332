import { invalid, LeaseError } from "./errors.ts";
import { show } from "./timing.ts";

/** Longest lease name in bytes of UTF-8: DynamoDB's limit for a partition key. */
export const MAX_NAME_BYTES = 2048;

/** Longest label of a candidate in bytes; a random suffix follows it in the candidate's id. */
export const MAX_HOLDER_BYTES = 512;

/** Longest id of a candidate in bytes: a label and its random suffix. */
export const MAX_ID_BYTES = 640;

/**
 * Checks a lease name: a string of 1 to {@link MAX_NAME_BYTES} bytes.
 * @throws {LeaseError} INVALID_ARGUMENT otherwise
 */
export function parseName(name: unknown, option = "name"): string {
  return parseText(name, option, MAX_NAME_BYTES);
}

/**
 * Checks a non-empty string of bounded size. Half a character (a lone surrogate) has no form in UTF-8: the table would hold another text. So two
 * names would have one row, and no row that is read would have the name that was asked for.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseText(text: unknown, option: string, maxBytes: number): string {
  const wrong = wrongIn(text, maxBytes);
  if (wrong === "") return text as string;
  throw invalid(`${option} must be a string of 1 to ${maxBytes} bytes, not ${wrong}`);
}

/** What JavaScript has and UTF-8 has not. */
export const HALF = "half a character (a lone surrogate)";

/**
 * What is wrong with a text; nothing for one that is right. One that cannot be too long is not encoded: no character takes more than 3 bytes
 * for each unit.
 */
function wrongIn(text: unknown, maxBytes: number): string {
  if (typeof text !== "string") return show(text);
  if (!text.isWellFormed()) return `one with ${HALF}: cut text between characters`;
  const bytes = 3 * text.length <= maxBytes ? text.length : new TextEncoder().encode(text).length;
  return bytes > 0 && bytes <= maxBytes ? "" : `one of ${bytes}`;
}

/**
 * The next number of an attribute of a lease's row that only rises. No client writes numbers near 2^53, beyond which adding 1
 * changes nothing in JavaScript; a row that was written by hand can have them, and its numbers would repeat.
 * @throws {LeaseError} RECORD_INVALID naming the attribute and how to mend the row
 */
export function risen(lease: string, attribute: string, value: number): number {
  if (Number.isSafeInteger(value) && value < Number.MAX_SAFE_INTEGER) return value + 1;
  const message = `lease "${lease}": its row's ${attribute} is ${value} and cannot rise any more, so it was written by hand; set it to a whole number below 2^53, and no lower than storage has seen`;
  throw new LeaseError("RECORD_INVALID", message, { lease });
}

/** What marks a reservation for a label: no id of a candidate begins with it. */
export const AFFINITY_MARK = "@";

/** What a lease that is kept for all who share a label says of it in `reservedFor`. */
export const reservedForAll = (affinity: string): string => `${AFFINITY_MARK}${affinity}`;

/** Sort keys of the rows beside a lease's own. */
export const AUXILIARY = {
  /** What the sort key of a registered candidate begins with; its id follows. */
  candidate: "candidate#",
  /** The sort key of a high-water mark. */
  fence: "fence",
  /** What the sort key of a session begins with; its holder's id follows. */
  session: "session#",
  /** What the sort key of a shard begins with; its name follows. */
  shard: "lease#",
} as const;

/** Longest name of a shard in bytes. */
export const MAX_SHARD_BYTES = 512;

/** The row of a worker's session. */
export const sessionRow = (id: string): string => `${AUXILIARY.session}${id}`;

/** Whether a row is a worker's session. */
export const isSessionRow = (row: string | undefined): boolean => row?.startsWith(AUXILIARY.session) === true;

/** The row of a shard. */
export const shardRow = (shard: string): string => `${AUXILIARY.shard}${shard}`;

/** The shard that a row is of; `undefined` for any other row. */
export const shardOf = (row: string | undefined): string | undefined =>
  row?.startsWith(AUXILIARY.shard) ? row.slice(AUXILIARY.shard.length) : undefined;

/** How messages call a lease, or a shard of a group. */
export function calledBy(name: string, row?: string): string {
  const shard = shardOf(row);
  if (shard !== undefined) return `lease "${name}", shard "${shard}",`;
  return row !== undefined && isSessionRow(row)
    ? `group "${name}": the session of "${row.slice(AUXILIARY.session.length)}"`
    : `lease "${name}"`;
}
