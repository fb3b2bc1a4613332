import type { Command } from "commander";
import type { ForcedRelease } from "../../client/operating.ts";
import { canAsk, confirmed } from "../ask.ts";
import { runs, withExamples } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandFailure, misused } from "../failure.ts";
import { factsOf } from "../lease-view.ts";
import type { Session } from "../session.ts";
import { assertKnown, type ShardOption, type Subject, subjectOf, withShard } from "../subject.ts";
import { printable } from "../text.ts";

/** What came of `release`, as `--json` prints it. */
export interface ReleaseJson {
  readonly name: string;
  readonly shard: string | null;
  /** `opened`: nobody led, and the lease is no longer kept for anybody. `vacant`: nobody led, and there was nothing to do. */
  readonly outcome: "released" | "opened" | "vacant";
  /** Whose term was ended. */
  readonly holder: string | null;
  /** That term's token. */
  readonly token: number | null;
  /** Whom the vacant lease was kept for. */
  readonly reservedFor: string | null;
}

interface ReleaseOptions extends ShardOption {
  readonly force?: boolean;
}

const WARNING = [
  "Until its next renewal the holder goes on believing that it leads, and so does its successor.",
  "Only storage that checks tokens refuses what the old one still writes.",
].join("\n");

/** `leasehold release NAME --force`: ends a term, whoever holds it. */
export function addRelease(program: Command): void {
  const release = program
    .command("release")
    .description("end the term of whoever leads: the last resort, after step-down")
    .argument("<name>", "the lease's name")
    .option("--force", "do not ask")
    .action(
      runs(async (session, name: string, options: ReleaseOptions) => {
        const { force } = options;
        const { output } = session;
        if (!force && !canAsk()) {
          throw misused("release ends a term by force, and there is no terminal to ask on; give --force");
        }
        const subject = subjectOf(await session.leases(), name, options);
        if (!force) await ask(session, subject);
        const came = await subject.forceRelease();
        if (came.kind === "vacant") await assertKnown(subject);
        if (output.json) output.printJson(toJson(subject, came));
        else output.print(told(subject, came));
      }),
    );
  release.addHelpText("after", `\n${WARNING}`);
  withExamples(withShard(release), [
    "leasehold release writer",
    "leasehold release writer --force --json",
    "leasehold release orders --shard 7",
  ]);
}

/**
 * Shows what would be ended, and asks. Whoever leads when the answer comes must be who was shown. The release names no term, so whoever
 * begins to lead between this look and the release is ended instead; its result tells.
 */
async function ask(session: Session, subject: Subject): Promise<void> {
  const { output } = session;
  const shown = await subject.get();
  if (shown.holder === undefined && shown.reservedFor === undefined) return; // There is nothing to end.
  output.say(output.pairs(factsOf(output, shown, await session.now())));
  if (shown.holder !== undefined) output.say(WARNING);
  const question =
    shown.holder === undefined ? `Open "${subject.called}" to all candidates?` : "End this term?";
  if (!(await confirmed(`${question} [y/N] `))) {
    throw new CommandFailure(`nothing was done: the lease "${subject.called}" was not released`, EXIT.failed);
  }
  const now = await subject.get();
  if (now.token === shown.token && now.holder === shown.holder) return;
  const found =
    now.holder === undefined ? "nobody leads" : `${printable(now.holder)} leads under token ${now.token}`;
  throw new CommandFailure(
    `nothing was done: meanwhile ${found}; look again, and repeat the command if need be`,
  );
}

function toJson({ name, shard }: Subject, came: ForcedRelease): ReleaseJson {
  return {
    name,
    shard,
    outcome: came.kind,
    holder: came.kind === "released" ? came.holder : null,
    token: came.kind === "released" ? came.token : null,
    reservedFor: came.kind === "opened" ? came.reservedFor : null,
  };
}

function told({ called: lease, shard }: Subject, came: ForcedRelease): string {
  const soon = shard === null ? "with its next renewal" : "when it looks next: at once, or within a minute";
  switch (came.kind) {
    case "released":
      return `${lease}: the term of ${printable(came.holder)} (token ${came.token}) was ended; it learns of it ${soon}`;
    case "opened":
      return `${lease}: nobody led; it was kept for ${printable(came.reservedFor) || "nobody"}, and is open to all now`;
    case "vacant":
      return `${lease}: nobody leads, and nothing had to be done`;
    default:
      return came satisfies never;
  }
}
