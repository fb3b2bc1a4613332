/**
 * What the guard of a command does (see `guard.ts`). It reads from its standard input, a line each: `group 12`, the command's process group, which bears the id of its session;
 * `until 34.5`, the end of the term by the machine's monotonic clock in ms; `told 1`, the group has had its SIGTERM; `over`, the
 * command has ended. The end of the input without `over` says that leasehold is gone.
 *
 * A stopped process notices nothing, and one that was killed does nothing: so this has to be another process.
 */
import { createInterface } from "node:readline";
import { monotonicMs } from "./clocks.ts";
import { GUARD_LAG_MS } from "./guard-terms.ts";
import { commandGone, commandLives, endCommand, killCommand } from "./process-group.ts";

/** How long what was killed may take to be gone before the guard leaves, in ms. */
const PATIENCE_MS = 5_000;

/**
 * Guards a command until it is over, or leasehold is gone and the command, too.
 * @param known the lines that an earlier guard was told: they come with the process, so that none is lost if leasehold is gone by then
 */
export function standGuard(graceMs: number, known: readonly string[]): void {
  let group: number | undefined;
  let until = Infinity;
  let told = false;
  let killed = false;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    clearTimeout(timer);
    if (group === undefined || killed) return;
    const now = monotonicMs();
    const killAt = until + graceMs;
    if (now >= killAt) {
      killed = true;
      killCommand(group);
      return;
    }
    if (now >= until && !told) {
      told = true;
      endCommand(group);
    }
    const next = told ? killAt : until;
    // A timer takes no more than 24 days.
    if (next < Infinity) timer = setTimeout(look, Math.min(next - now, 2 ** 31 - 1));
  }

  function read(line: string): void {
    const [word, value] = line.split(" ");
    if (word === "group") group = Number(value);
    else if (word === "until") until = Number(value) + GUARD_LAG_MS;
    else if (word === "told") told = true;
    else if (word === "over") group = undefined;
    look();
  }

  async function alone(): Promise<void> {
    if (group !== undefined && commandLives(group)) {
      until = Math.min(until, monotonicMs());
      look();
      await commandGone(group, () => monotonicMs() >= until + graceMs + PATIENCE_MS);
    }
    process.exit(0);
  }

  // It leaves when leasehold does, and not before.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  known.forEach(read);
  createInterface({ input: process.stdin })
    .on("line", read)
    .on("close", () => void alone());
}
