import { invalid } from "../core/errors.ts";

/** The expressions of one write, as far as a fence joins in. */
export interface Expressions {
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, unknown> | undefined;
}

/** Finds a placeholder, `#…` or `:…`, that a write neither defines nor mentions: `wanted`, or it and a number. */
export function unusedPlaceholder(wanted: string, write: Expressions): string {
  const expressions = `${write.ConditionExpression ?? ""} ${write.UpdateExpression ?? ""}`;
  const used = new Set([
    ...Object.keys(write.ExpressionAttributeNames ?? {}),
    ...Object.keys(write.ExpressionAttributeValues ?? {}),
    ...(expressions.match(/[#:][\w-]+/g) ?? []),
  ]);
  let placeholder = wanted;
  for (let nth = 2; used.has(placeholder); nth += 1) placeholder = `${wanted}${nth}`;
  return placeholder;
}

/** Demands both of two conditions, whatever operators either is made of. */
export function bothOf(theirs: string | undefined, ours: string): string {
  return theirs === undefined ? ours : `${enclosed(theirs)} AND (${ours})`;
}

/**
 * Puts a condition into parentheses, unless it is: DynamoDB refuses them doubled.
 * @throws {LeaseError} INVALID_ARGUMENT where one has no counterpart. Such a condition, `a) OR (b`, would get
 *   well-formed inside of ours, and lift it
 */
function enclosed(condition: string): string {
  const text = condition.trim();
  let open = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "(") open += 1;
    if (text[at] === ")") open -= 1;
    if (open < 0) break;
    if (open === 0 && at < text.length - 1) parts += 1;
  }
  if (open !== 0) {
    throw invalid(`ConditionExpression has a parenthesis without its counterpart: ${condition}`);
  }
  return text.startsWith("(") && parts === 0 ? text : `(${text})`;
}

/** The keyword, and neither a placeholder (`#set`), nor a part of a name or of a path. */
const SET = /(?<![\w#:.-])SET(?![\w.-])/i;

/**
 * Adds an assignment to an update expression: to its SET clause where there is one (an expression may have but
 * one of each), else as a clause of its own. A bare `set` cannot be an attribute: it is a reserved word.
 */
export function withAssignment(update: string | undefined, assignment: string): string {
  if (update === undefined) return `SET ${assignment}`;
  if (!SET.test(update)) return `SET ${assignment} ${update}`;
  return update.replace(SET, (keyword) => `${keyword} ${assignment},`);
}
