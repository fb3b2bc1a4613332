import { parseTick } from "../../core/tick.ts";
import { misused } from "../failure.ts";
import { isDuration, parseDuration } from "../duration.ts";

const DAY_MS = 86_400_000;

/**
 * Reads `--tick`: an instant, or the period of a schedule, by which the time when this process was started is rounded down. Two
 * machines whose cron starts the same occurrence then name the same instant, as long as both start within the same period.
 *
 * The wall clock of this machine is the right one to round: it is what cron goes by.
 * @param startedAt epoch ms
 * @throws {CommandFailure} usage; {LeaseError} INVALID_ARGUMENT for what is no instant
 */
export function occurrenceOf(text: string, startedAt: number): string {
  if (!isDuration(text)) return parseTick(text, "--tick");
  const periodMs = parseDuration(text, "--tick", 1_000, DAY_MS / 2);
  if (DAY_MS % periodMs !== 0) {
    throw misused(
      `--tick ${text} does not divide a day evenly, so its periods begin at other times each day; take 1m, 5m, 15m, 1h or 12h`,
    );
  }
  return new Date(Math.floor(startedAt / periodMs) * periodMs).toISOString();
}
