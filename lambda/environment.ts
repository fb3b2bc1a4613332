/**
 * Reads an environment variable that the deployment sets.
 * @throws {Error} naming it, when it is missing or empty
 */
export function requiredVariable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`the environment variable ${name} is not set; the deployment sets it on this function`);
}

/**
 * Reads an environment variable that holds a whole number, 0 or more.
 * @throws {Error} naming it, when it holds something else
 */
export function wholeNumberVariable(name: string, fallback: number): number {
  const text = process.env[name];
  if (!text) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`the environment variable ${name} must be a whole number, 0 or more, not "${text}"`);
}
