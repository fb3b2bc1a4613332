import type { Command } from "commander";
import { runs, withExamples } from "../command.ts";
import { groupJson, pictureOf } from "../group-view.ts";
import { WANT, wantedOf } from "../wanted.ts";

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
    .option(...WANT)
    .action(
      runs(async (session, name: string, { shards = false, want }: GroupCommandOptions) => {
        const { output } = session;
        const wanted = await wantedOf(want);
        const leases = await session.leases();
        const status = await leases.group(name).status({ shards: wanted });
        const now = await session.now();
        if (output.json) output.printJson(groupJson(status, now));
        else output.print(pictureOf(output, status, now, { shards, isAll: wanted !== undefined }));
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
