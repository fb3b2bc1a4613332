import type { Command } from "commander";
import type { LeaseState } from "../../core/record.ts";
import { runs, withExamples } from "../command.ts";
import { type LeaseJson, tableOfLeases, toJson } from "../lease-view.ts";
import type { ServiceTime } from "../service-time.ts";

/** How long one page of the table may take, in ms. */
const PAGE_TIMEOUT_MS = 10_000;

/** `leasehold list`: all leases of the table. */
export function addList(program: Command): void {
  const list = program
    .command("list")
    .description("list all leases and who leads (reads the whole table)")
    .action(
      runs(async (session) => {
        const { output } = session;
        const [leases, time] = await Promise.all([session.leases(), session.time()]);
        const pages = leases.list({ pageTimeoutMs: PAGE_TIMEOUT_MS });
        if (output.json) return output.printArray(jsonOf(pages, time));
        const states: LeaseState[] = [];
        for await (const state of pages) states.push(state);
        states.sort((a, b) => (a.name < b.name ? -1 : 1));
        if (states.length === 0) output.say(`no leases in table "${session.tableName}"`);
        else output.print(tableOfLeases(output, states, time.now()));
      }),
    );
  list.addHelpText("after", "\nShards of groups are not listed, nor are permits: see leasehold group NAME.");
  withExamples(list, [
    "leasehold list --table leases",
    `leasehold list --json | jq -r '.[] | select(.state == "expired") | .name'`,
  ]);
}

async function* jsonOf(states: AsyncIterable<LeaseState>, time: ServiceTime): AsyncGenerator<LeaseJson> {
  for await (const state of states) yield toJson(state, time.now());
}
