import { misused } from "./failure.ts";
import { spanOf } from "./lease-view.ts";

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Whether a text is a length of time with its unit, whatever its bounds. */
export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

/**
 * Reads a length of time such as `500ms`, `10s`, `1.5m`, `2h`, `1d`; resolves to whole ms.
 * @throws {CommandFailure} usage, naming the option, the text and the bounds
 */
export function parseDuration(text: string, option: string, minMs: number, maxMs: number): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const ms = count === undefined ? Number.NaN : Math.round(Number(count) * UNITS[unit as keyof typeof UNITS]);
  if (ms >= minMs && ms <= maxMs) return ms;
  const bounds = `${boundOf(minMs)} to ${boundOf(maxMs)}`;
  throw misused(
    `${option} must be a length of time with its unit, such as 500ms, 10s, 5m or 2h, from ${bounds}, not "${text}"`,
  );
}

/** Writes a bound as it is: rounded, it would name what is refused. */
function boundOf(ms: number): string {
  if (ms === 0) return "0 s";
  return ms < 1_000 ? `${ms} ms` : spanOf(ms);
}
