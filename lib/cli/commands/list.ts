import type { Command } from "commander";
import type { LeaseState } from "../../core/record.ts";
import { runs, withExamples } from "../command.ts";
import { type LeaseJson, tableOfLeases, toJson } from "../lease-view.ts";
import type { ServiceTime } from "../service-time.ts";
import type { Session } from "../session.ts";
import { howMany } from "../text.ts";

/** How long one page of the table may take, in ms. */
const PAGE_TIMEOUT_MS = 10_000;

/** `leasehold list`: all leases of the table, or all groups. */
export function addList(program: Command): void {
  const list = program
    .command("list")
    .description("list all leases and who leads, or all groups (reads the whole table)")
    .option("--groups", "list the groups, semaphores among them, in place of the leases")
    .action(
      runs(async (session, { groups = false }: { readonly groups?: boolean }) =>
        groups ? printGroups(session) : printLeases(session),
      ),
    );
  list.addHelpText(
    "after",
    "\nShards and permits are not listed: --groups names the groups, and leasehold group NAME shows one.",
  );
  withExamples(list, [
    "leasehold list --table leases",
    "leasehold list --groups",
    `leasehold list --json | jq -r '.[] | select(.state == "expired") | .name'`,
  ]);
}

async function printLeases(session: Session): Promise<void> {
  const { output } = session;
  const [leases, time, leftOut] = await Promise.all([
    session.leases(),
    session.time(),
    countLeftOut(session),
  ]);
  const pages = leases.list({ pageTimeoutMs: PAGE_TIMEOUT_MS });
  if (output.json) return output.printArray(jsonOf(pages, time));
  const states: LeaseState[] = [];
  for await (const state of pages) states.push(state);
  states.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (states.length === 0) output.say(`no leases in table "${session.tableName}"`);
  else output.print(tableOfLeases(output, states, time.now()));
  const others = leftOut();
  if (others > 0)
    output.say(
      `note: not listed: ${howMany(others, "row")} of groups, candidates and marks; see leasehold list --groups`,
    );
}

async function* jsonOf(states: AsyncIterable<LeaseState>, time: ServiceTime): AsyncGenerator<LeaseJson> {
  for await (const state of states) yield toJson(state, time.now());
}

/** Gives what tells how many rows were read and are no leases. */
async function countLeftOut(session: Session): Promise<() => number> {
  const client = await session.dynamodb();
  let count = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { ScannedCount = 0, Count = 0 } = result.output as { ScannedCount?: number; Count?: number };
      count += ScannedCount - Count;
      return result;
    },
    { step: "initialize", name: "leaseholdLeftOut" },
  );
  return () => count;
}

async function printGroups(session: Session): Promise<void> {
  const { output } = session;
  const { listGroups, tableOfGroups } = await import("../group-list.ts");
  const groups = await listGroups(session, PAGE_TIMEOUT_MS);
  if (output.json) return output.printArray(groups);
  if (groups.length === 0) output.say(`no groups in table "${session.tableName}"`);
  else output.print(tableOfGroups(output, groups));
}
