import type { Command } from "commander";
import { runs } from "../command.ts";
import { drawFindings } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";
import { misused } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Created } from "../table/create.ts";

interface CreateOptions {
  readonly dryRun?: boolean;
  readonly tag: readonly string[];
}

/** `leasehold table create`: the table that the construct `LeaseTable` makes, for those without the CDK. */
export function addTable(program: Command): void {
  const table = program.command("table").description("make a lease table without the CDK");
  table
    .command("create")
    .description("create the table, with the settings of the construct LeaseTable")
    .option("--dry-run", "print the requests and send nothing")
    .option("--tag <key=value>", "a tag of the table; may be given several times", collect, [])
    .action(
      runs(async (session, { dryRun = false, tag }: CreateOptions) => {
        const { tableRequests } = await import("../table/requests.ts");
        const { tableName, output } = session;
        if (tableName.startsWith("arn:"))
          throw misused("--table must be the name of the table to make, not an ARN");
        const requests = tableRequests(tableName, tag.map(parseTag));
        if (dryRun) {
          if (output.json) output.printJson(requests);
          else
            for (const [action, input] of Object.entries(requests))
              output.print(`${action} ${JSON.stringify(input)}`);
          return EXIT.done;
        }
        const { createTable } = await import("../table/create.ts");
        const { groundOf } = await import("../doctor/examine.ts");
        const created = await createTable(await groundOf(session), requests, session.options.endpoint);
        if (output.json) output.printJson(created);
        else tell(session, created);
        return created.kind === "different" ? EXIT.failed : EXIT.done;
      }),
    );
}

function tell({ output }: Session, { kind, table, arn, leftOut, differs }: Created): void {
  switch (kind) {
    case "created":
      output.print(`table "${table}" is there: ${arn}`);
      if (leftOut.length > 0)
        output.say(`leasehold: this engine does not have ${leftOut.join(" and ")}: left out`);
      return;
    case "already-there":
      output.print(`table "${table}" was there already, and is as it should be: ${arn}`);
      return;
    case "different":
      output.say(
        `leasehold: table "${table}" was there already, and differs from a LeaseTable; nothing was changed`,
      );
      output.print(drawFindings(output, differs));
      return;
    default:
      return kind satisfies never;
  }
}

function collect(value: string, so: readonly string[]): readonly string[] {
  return [...so, value];
}

function parseTag(text: string): { Key: string; Value: string } {
  const at = text.indexOf("=");
  if (at < 1) throw misused(`--tag must be KEY=VALUE, not "${text}"`);
  return { Key: text.slice(0, at), Value: text.slice(at + 1) };
}
