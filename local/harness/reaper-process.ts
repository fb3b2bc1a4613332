/**
 * The reaper: a small process beside its parent that holds a list of what the parent must not leave behind.
 * It reads one instruction a line from its standard input, and when that ends, because the parent closed it
 * or died in whatever way, it kills every process on the list and removes every folder.
 *
 * SIGKILL ends a process that is stopped by SIGSTOP too, which is why the processes are not left to notice
 * their parent's death themselves: a stopped one notices nothing.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const pids = new Set<number>();
const folders = new Set<string>();

/** Takes down one line of the parent: `+pid 12`, `-pid 12`, `+dir /a`, `-dir /a`. */
function note(line: string): void {
  const space = line.indexOf(" ");
  const what = line.slice(0, space);
  const value = line.slice(space + 1);
  if (what === "+pid") pids.add(Number(value));
  else if (what === "-pid") pids.delete(Number(value));
  else if (what === "+dir") folders.add(value);
  else if (what === "-dir") folders.delete(value);
}

function reap(): never {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

// A terminal's Ctrl-C is the parent's business; the end of the input follows it.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("SIGTERM", reap);
createInterface({ input: process.stdin }).on("line", note).on("close", reap);
