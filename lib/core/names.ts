import { invalid } from "./errors.ts";

/** Longest lease name in bytes of UTF-8: DynamoDB's limit for a partition key. */
export const MAX_NAME_BYTES = 2048;

/** Longest label of a candidate in bytes; a random suffix follows it in the candidate's id. */
export const MAX_HOLDER_BYTES = 512;

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
  if (typeof text !== "string") {
    throw invalid(`${option} must be a string of 1 to ${maxBytes} bytes, not ${typeof text}`);
  }
  if (text.length === 0) throw invalid(`${option} is empty; give it 1 to ${maxBytes} bytes`);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maxBytes) {
    throw invalid(
      `${option} has ${bytes} bytes, at most ${maxBytes} are allowed (it begins with "${text.slice(0, 24)}")`,
    );
  }
  return text;
}
