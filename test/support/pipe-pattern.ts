/**
 * Decides whether a pipe's pattern matches an event, by the rules that EventBridge documents for pipes, as far as our patterns
 * use them: equal strings, `exists`, `prefix`, `suffix`, `anything-but` of plain strings. Whatever else it meets is an error, so
 * that it never calls a pattern right that a pipe would refuse or read otherwise.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Whether the event matches. */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) throw unknown("an empty pattern", pattern);
  return Object.entries(pattern).every(([key, below]) => {
    if (key.startsWith("$")) throw unknown("a key", key);
    const value: Json | undefined = isObject(event) ? event[key] : undefined;
    return Array.isArray(below) ? matchesAny(below, value) : matchesPattern(below, value);
  });
}

function matchesAny(alternatives: readonly Json[], value: Json | undefined): boolean {
  if (alternatives.length === 0) throw unknown("an empty list", alternatives);
  if (Array.isArray(value)) throw unknown("a list in the event", value);
  // Each is looked at, so that one that pipes do not know is found even where an earlier one matches.
  return alternatives.map((one) => matchesOne(one, value)).includes(true);
}

function matchesOne(alternative: Json, value: Json | undefined): boolean {
  if (typeof alternative === "string") return value === alternative;
  if (!isObject(alternative)) throw unknown("a value", alternative);
  const [[operator, operand] = ["", null], ...more] = Object.entries(alternative);
  if (more.length > 0) throw unknown("two operators in one", alternative);
  if (operator === "exists" && typeof operand === "boolean") {
    if (isObject(value)) throw unknown("exists on what is no leaf", alternative);
    return (value !== undefined) === operand;
  }
  if (operator === "prefix" && typeof operand === "string") {
    return typeof value === "string" && value.startsWith(operand);
  }
  if (operator === "suffix" && typeof operand === "string") {
    return typeof value === "string" && value.endsWith(operand);
  }
  if (operator === "anything-but") {
    const but = Array.isArray(operand) ? operand : [operand];
    if (but.length > 0 && but.every((one) => typeof one === "string")) {
      return typeof value === "string" && !but.includes(value);
    }
  }
  throw unknown("an operator", alternative);
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknown(what: string, shown: unknown): Error {
  return new Error(`${what} that this evaluator does not take for one of pipes: ${JSON.stringify(shown)}`);
}
