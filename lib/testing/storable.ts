/**
 * Copies a value as a DynamoDB table would keep it and give it back: `undefined` is left out of lists and
 * maps, a `Map` comes back as an object.
 * @throws {TypeError} for what DynamoDB cannot hold, as the SDK does
 */
export function storedCopy(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return storedNumber(value);
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Set) return storedSet(value);
  if (Array.isArray(value)) return value.filter((element) => element !== undefined).map(storedCopy);
  if (value instanceof Map) return storedMap([...value.entries()]);
  if (typeof value === "object" && isPlain(value)) return storedMap(Object.entries(value));
  throw new TypeError(
    `${typeof value === "object" ? "an instance of a class" : `a ${typeof value}`} cannot be stored`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function storedNumber(value: number): number {
  if (Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw new TypeError(`${value} cannot be stored without loss`);
}

function storedMap(entries: [unknown, unknown][]): unknown {
  const kept = entries.filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept.map(([key, value]) => [String(key), storedCopy(value)]));
}

function storedSet(value: Set<unknown>): Set<unknown> {
  const kinds = new Set(
    [...value].map((element) => (element instanceof Uint8Array ? "bytes" : typeof element)),
  );
  const [kind = "nothing"] = kinds;
  if (kinds.size === 1 && ["string", "number", "bytes"].includes(kind)) {
    return new Set([...value].map(storedCopy));
  }
  throw new TypeError(`a set of ${kinds.size === 0 ? "nothing" : [...kinds].join(" and ")} cannot be stored`);
}
