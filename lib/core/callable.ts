import { invalid } from "./errors.ts";
import { show } from "./timing.ts";

/**
 * Checks that an option is a function, where it is given.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option and the value
 */
export function parseFunction(value: unknown, option: string): void {
  if (value === undefined || typeof value === "function") return;
  throw invalid(`${option} must be a function, not ${show(value)}`);
}

/**
 * Checks that an object has the methods by which it is called.
 * @param what what the option must be, for the message
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, and the value or the first method that it lacks
 */
export function parsePort(value: unknown, option: string, what: string, methods: readonly string[]): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    throw invalid(`${option} must be ${what}, not ${show(value)}`);
  }
  const lacks = methods.find((name) => typeof (value as Record<string, unknown>)[name] !== "function");
  if (lacks !== undefined) throw invalid(`${option} must be ${what}: it has no function "${lacks}"`);
}
