import { invalid, LeaseError } from "./errors.ts";

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
 * Checks a non-empty string of bounded size.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseText(text: unknown, option: string, maxBytes: number): string {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text).length : undefined;
  if (bytes !== undefined && bytes > 0 && bytes <= maxBytes) return text as string;
  const found = bytes === undefined ? typeof text : `one of ${bytes}`;
  throw invalid(`${option} must be a string of 1 to ${maxBytes} bytes, not ${found}`);
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
