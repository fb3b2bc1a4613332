import type { Command } from "commander";
import { onLeaseEvent } from "../../diagnostics/channels.ts";
import { isLeaseError } from "../../core/errors.ts";
import type { LeaseEvents } from "../../core/events.ts";
import { runs, withExamples } from "../command.ts";
import { parseDuration } from "../duration.ts";
import type { Session } from "../session.ts";
import { linesOfChanges } from "../watch-lines.ts";
import { liveTable } from "../watch-table.ts";
import type { Watching } from "../watching.ts";

interface WatchOptions {
  readonly interval: string;
  readonly renewals?: boolean;
}

/** The only request that a watch sends: it looks at one row. */
interface Look {
  readonly Key: { readonly pk: { readonly S: string } };
}

/** `leasehold watch NAME…`: follows leases. */
export function addWatch(program: Command): void {
  const watch = program
    .command("watch")
    .description("follow leases: a live table on a terminal, a line a change elsewhere")
    .argument("<name...>", "the leases' names")
    .option("--interval <duration>", "how often to look, one strong read a lease", "2s")
    .option("--renewals", "count a renewal as a change, too")
    .action(runs(follow));
  watch.addHelpText(
    "after",
    "\nIt goes on while the table does not answer, and ends with 0 when it is told to stop.",
  );
  withExamples(watch, [
    "leasehold watch writer nightly-close",
    "leasehold watch writer --json | jq -r 'select(.change == \"acquired\") | .lease.holder'",
  ]);
}

/**
 * Follows leases until it is told to stop. That is how every watch ends, so it is no failure: the exit code is 0 after Ctrl-C, SIGTERM,
 * and when nobody reads its lines any more.
 */
async function follow(session: Session, given: readonly string[], options: WatchOptions): Promise<void> {
  const names = [...new Set(given)];
  const { interval, renewals = false } = options;
  const intervalMs = parseDuration(interval, "--interval", 100, 86_400_000);
  const [leases, time] = await Promise.all([session.leases(), session.time()]);
  const failed = new AbortController();
  const watching: Watching = { names, intervalMs, renewals, time, tableName: session.tableName };
  const make = session.output.redraws ? liveTable : linesOfChanges;
  const view = await make(session.output, watching);
  let contacted = false;
  const deafen = onLeaseEvent((event, told) => {
    if (event !== "requestFailed") return;
    const { lease, cause } = told as LeaseEvents["requestFailed"];
    // What is definite before the first answer ends the watch: it does not go on asking.
    if (contacted || isLeaseError(cause, "STORE_UNAVAILABLE")) view.unanswered(lease, cause);
  });
  const forget = time.onAnswer((input) => {
    contacted = true;
    view.answered((input as Look).Key.pk.S);
  });
  try {
    const signal = AbortSignal.any([session.interrupted, failed.signal]);
    await Promise.all(
      names.map(async (name) => {
        try {
          for await (const state of leases.observe(name, { intervalMs, signal })) view.show(state);
        } finally {
          failed.abort(); // One that ends ends all: told to stop, or its row cannot be read.
        }
      }),
    );
  } finally {
    deafen();
    forget();
    view.close();
  }
}
