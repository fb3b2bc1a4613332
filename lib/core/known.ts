import { invalid } from "./errors.ts";
import { show } from "./timing.ts";

/** The names of an interface's members, for {@link parseKnown}: the compiler sees to it that they are all there, and no others. */
export type Names<T> = Readonly<Record<keyof T, true>>;

/**
 * Refuses options that there are not: a name with a typing error in it would be taken for nothing said. What is `undefined` says
 * nothing, whatever its name. A `signal` has to be one, whatever the call: to give the controller itself is a likely mistake.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, and the one that was meant or all that there are
 */
export function parseKnown(options: unknown, known: Readonly<Record<string, true>>, of: string): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw invalid(
      `the options of ${of} must be an object, not ${options === null ? "null" : typeof options}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Object.hasOwn(known, name)) {
      if (name === "signal" && typeof (value as Partial<AbortSignal> | null)?.addEventListener !== "function")
        throw invalid(
          `signal must be an AbortSignal, such as the signal of an AbortController, not ${show(value)}`,
        );
      continue;
    }
    const meant = nearest(name, Object.keys(known));
    const instead =
      meant === undefined ? `it has ${Object.keys(known).join(", ") || "none"}` : `did you mean "${meant}"?`;
    throw invalid(`${of} has no option "${name.slice(0, 60)}"; ${instead}`);
  }
}

/**
 * The options as they are now, whatever their object says later; those that it has from its class as well. Functions keep their object.
 */
export function taken<T extends object>(options: T, names: Names<T>): T {
  const entries = (Object.keys(names) as (keyof T)[]).map((name) => {
    const value: unknown = options[name];
    return [name, typeof value === "function" ? value.bind(options) : value];
  });
  return Object.fromEntries(entries) as T;
}

/** The known name that differs in upper case, in a unit that was left out, or in a few letters. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase();
  const near = known
    .map((one) => ({
      one,
      away: Math.min(distance(plain, one.toLowerCase()), distance(`${plain}ms`, one.toLowerCase())),
    }))
    .filter(({ one, away }) => away <= Math.max(1, Math.floor(one.length / 4)));
  return near.toSorted((a, b) => a.away - b.away)[0]?.one;
}

/** How many letters have to be put in, left out or replaced to make one text of another (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return 8; // Far enough, whatever is in them.
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let at = 0; at < a.length; at += 1) {
    const above = row;
    row = [at + 1];
    for (let to = 1; to <= b.length; to += 1) {
      const replaced = (above[to - 1] ?? 0) + (a[at] === b[to - 1] ? 0 : 1);
      row.push(Math.min(replaced, (above[to] ?? 0) + 1, (row[to - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
