import { type Command, Option } from "commander";
import { parseTick } from "../../core/tick.ts";
import { runs, withExamples } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { agoOf } from "../lease-view.ts";
import type { Session } from "../session.ts";
import { type ShardOption, type Subject, subjectOf, withShard } from "../subject.ts";
import { printable } from "../text.ts";

/** What came of `tick`, as `--json` prints it. */
export interface TickJson {
  readonly name: string;
  readonly shard: string | null;
  /** `refused`: the instant is later than the last tick, and a tick is only ever set back. */
  readonly outcome: "shown" | "set-back" | "cleared" | "unchanged" | "refused";
  /** The last tick as it is now. */
  readonly tick: string | null;
  /** The last tick as it was before. */
  readonly previous: string | null;
  /** Who holds the lease: its release may record its own occurrence once more. */
  readonly holder: string | null;
}

interface TickOptions extends ShardOption {
  readonly set?: string;
  readonly clear?: boolean;
}

/** `leasehold tick NAME`: the occurrence of a schedule that was done last; sets it back. */
export function addTick(program: Command): void {
  const tick = program
    .command("tick")
    .description("show the last tick of a lease, or set it back so that occurrences can be done again")
    .argument("<name>", "the lease's name")
    .addOption(
      new Option(
        "--set <instant>",
        "set it back to this instant: later occurrences can be led again",
      ).conflicts("clear"),
    )
    .option("--clear", "forget it: every occurrence can be led again")
    .action(
      runs(async (session, name: string, options: TickOptions) => {
        if (options.set !== undefined) parseTick(options.set, "--set");
        const subject = subjectOf(await session.leases(), name, options);
        const asked = options.set !== undefined || options.clear === true;
        const came = asked ? await setBack(subject, options.set) : await look(subject);
        const now = await session.now();
        if (session.output.json) session.output.printJson(came);
        else tell(session, subject, came, options, now);
        return came.outcome === "refused" ? EXIT.failed : EXIT.done;
      }),
    );
  withExamples(withShard(tick), [
    "leasehold tick nightly-close",
    "leasehold tick nightly-close --set 2026-01-30T02:00:00Z",
    "leasehold tick nightly-close --clear",
  ]);
}

async function look(subject: Subject): Promise<TickJson> {
  const { name, shard } = subject;
  const { tick = null, holder = null } = await subject.get();
  return { name, shard, outcome: "shown", tick, previous: tick, holder };
}

async function setBack(subject: Subject, to: string | undefined): Promise<TickJson> {
  const { name, shard } = subject;
  const came = await subject.rewindTick(to);
  if (came.kind === "rewound") {
    const { from: previous, to: tick = null, holder = null } = came;
    return { name, shard, outcome: tick === null ? "cleared" : "set-back", tick, previous, holder };
  }
  const { tick = null } = came;
  const isThere = to === undefined || (tick !== null && Date.parse(tick) === Date.parse(to));
  return { name, shard, outcome: isThere ? "unchanged" : "refused", tick, previous: tick, holder: null };
}

function tell(
  { output }: Session,
  subject: Subject,
  came: TickJson,
  { set = "" }: TickOptions,
  now: number,
): void {
  const { called: name } = subject;
  const { outcome, tick, previous, holder } = came;
  const shown = tick === null ? "no tick" : shownTick(tick, now);
  switch (outcome) {
    case "shown":
      if (tick === null) output.say(`lease "${name}" has no tick: no occurrence is recorded as done`);
      else output.print(shown);
      return;
    case "set-back":
      output.print(
        `${name}: last tick set back from ${printable(previous ?? "")} to ${tick}: later occurrences can be led again`,
      );
      break;
    case "cleared":
      output.print(
        `${name}: last tick ${printable(previous ?? "")} forgotten: every occurrence can be led again`,
      );
      break;
    case "unchanged":
      output.print(tick === null ? `${name}: there is no tick` : `${name}: last tick is ${shown} already`);
      return;
    case "refused":
      output.say(
        `leasehold: a tick is only ever set back, and ` +
          (tick === null
            ? `"${name}" has none; nothing was written`
            : `${printable(set)} is later than the last tick of "${name}", ${shown}; nothing was written`),
      );
      return;
    default:
      outcome satisfies never;
  }
  if (holder === null) return;
  output.say(
    `note: ${printable(holder)} holds the lease, and its release may record its own occurrence once more; ` +
      `to have it release first: ${subject.command("step-down")}`,
  );
}

/** The tick and its age. What is no instant, as a row edited by hand may have it, has none. */
function shownTick(tick: string, now: number): string {
  const at = Date.parse(tick);
  return Number.isNaN(at) ? printable(tick) : `${printable(tick)} (${agoOf(at, now)})`;
}
