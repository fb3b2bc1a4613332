import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { runs, withExamples } from "../command.ts";
import { misused } from "../failure.ts";
import { groupJson, pictureOf } from "../group-view.ts";

interface GroupCommandOptions {
  readonly shards?: boolean;
  readonly want?: string;
}

/** `leasehold group NAME`: who leads what in a group. */
export function addGroup(program: Command): void {
  const group = program
    .command("group")
    .description("show a group: its workers, how its shards are shared, and what nobody leads")
    .argument("<name>", "the group's name, or a semaphore's")
    .option("--shards", "show every shard, too")
    .option("--want <file>", "names of all shards that there should be, a line each; - reads standard input")
    .action(
      runs(async (session, name: string, { shards = false, want }: GroupCommandOptions) => {
        const { output } = session;
        const wanted = want === undefined ? undefined : await namesIn(want);
        const leases = await session.leases();
        const status = await leases.group(name).status({ shards: wanted });
        const now = await session.now();
        if (output.json) output.printJson(groupJson(status, now));
        else output.print(pictureOf(output, status, now, { shards }));
      }),
    );
  group.addHelpText(
    "after",
    "\nA shard that nobody ever led is not in the table: only --want tells of it. To follow a group: leasehold watch --group NAME.",
  );
  withExamples(group, [
    "leasehold group orders",
    "leasehold group orders --shards",
    "leasehold group orders --json | jq -r '.unled[]'",
  ]);
}

/** Reads names, a line each. */
async function namesIn(file: string): Promise<string[]> {
  const read = file === "-" ? text(process.stdin) : readFile(file, "utf8");
  const names = await read.catch((cause: unknown) => {
    throw misused(
      `--want ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  });
  return names.split(/\r?\n/).filter((name) => name !== "");
}
