import { type Command, Option } from "commander";
import { onLeaseEvent } from "../../diagnostics/channels.ts";
import { isLeaseError } from "../../core/errors.ts";
import type { LeaseEvents } from "../../core/events.ts";
import { runs, withExamples } from "../command.ts";
import { parseDuration } from "../duration.ts";
import { misused } from "../failure.ts";
import { followGroup } from "../follow-group.ts";
import { isGroupInstead } from "../group-hint.ts";
import type { Session } from "../session.ts";
import { type ShardOption, subjectOf, withShard } from "../subject.ts";
import { linesOfChanges } from "../watch-lines.ts";
import { liveTable } from "../watch-table.ts";
import { WANT, wantedOf } from "../wanted.ts";
import type { Watching } from "../watching.ts";

interface WatchOptions extends ShardOption {
  readonly interval: string;
  readonly group?: boolean;
  readonly renewals?: boolean;
  readonly want?: string;
}

/** What a watch sends again and again: it looks at one row. */
interface Look {
  readonly Key?: { readonly pk: { readonly S: string } };
}

/** `leasehold watch NAME…`: follows leases, a shard, or a group. */
export function addWatch(program: Command): void {
  const watch = program
    .command("watch")
    .description("follow leases: a live table on a terminal, a line a change elsewhere")
    .argument("<name...>", "the leases' names")
    .option("--interval <duration>", "how often to look, one strong read a lease", "2s")
    .option("--renewals", "count a renewal as a change, too")
    .addOption(
      new Option("--group", "follow the group <name>: its workers, and who leads which shard").conflicts([
        "renewals",
        "shard",
      ]),
    )
    .addOption(new Option(...WANT).conflicts("shard"))
    .action(runs(follow));
  watch.addHelpText(
    "after",
    "\nIt goes on while the table does not answer, and ends with 0 when it is told to stop.",
  );
  withExamples(withShard(watch), [
    "leasehold watch writer nightly-close",
    "leasehold watch writer --json | jq -r 'select(.change == \"acquired\") | .lease.holder'",
    "leasehold watch orders --group --want shards.txt",
    "leasehold watch orders --shard 7",
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
  for (const one of ["group", "shard"] as const)
    if (options[one] !== undefined && names.length > 1)
      throw misused(`--${one} is about one group, and not about ${names.length}; name one`);
  if (options.want !== undefined && options.group !== true)
    throw misused("--want names the shards of a group; give --group, too");
  const wanted = await wantedOf(options.want);
  const time = await session.time();
  const watching: Watching = { names, intervalMs, renewals, wanted, time };
  if (options.group === true) return followGroup(session, watching);
  const leases = await session.leases();
  const failed = new AbortController();
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
    const { Key } = input as Look;
    if (Key !== undefined) view.answered(Key.pk.S);
  });
  try {
    const signal = AbortSignal.any([session.interrupted, failed.signal]);
    await Promise.all(
      names.map(async (name) => {
        try {
          const states = subjectOf(leases, name, options).observe({ intervalMs, signal });
          let isFirst = true;
          for await (const state of states) {
            view.show(state);
            if (isFirst && (await isGroupInstead(session, state, signal))) view.groupInstead(name);
            isFirst = false;
          }
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
