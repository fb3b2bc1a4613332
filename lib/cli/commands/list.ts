import type { Command } from "commander";
import type { LeaseState } from "../../core/record.ts";
import { runs } from "../command.ts";
import { tableOfLeases, toJson } from "../lease-view.ts";

/** `leasehold list`: all leases of the table. */
export function addList(program: Command): void {
  program
    .command("list")
    .description("list all leases and who leads (reads the whole table)")
    .action(
      runs(async (session) => {
        const leases = await session.leases();
        const states: LeaseState[] = [];
        for await (const state of leases.list()) states.push(state);
        states.sort((a, b) => (a.name < b.name ? -1 : 1));
        const now = await session.now();
        const { output } = session;
        if (output.json) output.printJson(states.map((state) => toJson(state, now)));
        else if (states.length === 0) output.say(`no leases in table "${session.tableName}"`);
        else output.print(tableOfLeases(output, states, now));
      }),
    );
}
