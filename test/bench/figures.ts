import type { FigureTarget } from "./part.ts";

/** Many measurements of one thing, as a table shows them: the middle one, and between which values the middle half lies. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median and quartiles; NaN of nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const [below = Number.NaN, above = Number.NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** A figure with its spread: `1.2 (1.1 to 1.4)`. */
export function spreadCell({ median, low, high }: Spread): string {
  if (Number.isNaN(median)) return "-";
  return `${cellOf(median)} (${cellOf(low)} to ${cellOf(high)})`;
}

/** A cell of a table: whole numbers as they are, others to three digits. */
export function cellOf(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return "-";
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en");
  return value.toLocaleString("en", { maximumSignificantDigits: 3, minimumSignificantDigits: 2 });
}

/** Whether a target was reached: what could not be measured was not. */
export function isReached({ measured, atMost }: FigureTarget): boolean {
  return measured <= atMost;
}

/** The same things in a random order. */
export function shuffled<T>(things: readonly T[]): T[] {
  const left = [...things];
  return things.flatMap(() => left.splice(Math.floor(Math.random() * left.length), 1));
}
