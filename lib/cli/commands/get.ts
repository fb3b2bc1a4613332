import type { Command } from "commander";
import { runs, withExamples } from "../command.ts";
import { groupNote, isGroupInstead } from "../group-hint.ts";
import { factsOf, toJson } from "../lease-view.ts";
import { type ShardOption, subjectOf, withShard } from "../subject.ts";

/** `leasehold get NAME`: one lease. */
export function addGet(program: Command): void {
  const get = program
    .command("get")
    .description("show one lease: who leads, since when, until when")
    .argument("<name>", "the lease's name")
    .action(
      runs(async (session, name: string, options: ShardOption) => {
        const leases = await session.leases();
        const state = await subjectOf(leases, name, options).get();
        const now = await session.now();
        const { output } = session;
        if (output.json) output.printJson(toJson(state, now));
        else output.print(output.pairs(factsOf(output, state, now)));
        if (await isGroupInstead(session, state)) output.say(groupNote(name, "group"));
      }),
    );
  withExamples(withShard(get), [
    "leasehold get nightly-close",
    "leasehold get nightly-close --json | jq -r .holder",
    "leasehold get orders --shard 7",
  ]);
}
