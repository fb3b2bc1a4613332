import type { Command } from "commander";
import { runs } from "../command.ts";
import { drawFindings } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";
import { howMany } from "../text.ts";

/** `leasehold doctor [NAME…]`: what is wrong with table, rights and clocks, and how to mend it. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("check credentials, table, rights and clocks; says how to mend what is wrong")
    .argument("[names...]", "leases to check the rights on: a role may be confined to some")
    .option("--strict", "exit with 1 also for warnings")
    .action(
      runs(async (session, names: string[], { strict = false }: { readonly strict?: boolean }) => {
        const { examine } = await import("../doctor/examine.ts");
        const { output, tableName } = session;
        const findings = await examine(session, names);
        const count = (level: string): number => findings.filter((one) => one.level === level).length;
        const [faults, warnings] = [count("fault"), count("warning")];
        if (output.json) output.printJson({ table: tableName, faults, warnings, findings });
        else
          output.print(
            `${drawFindings(output, findings)}\n\n${said(faults, "fault")}, ${said(warnings, "warning")}`,
          );
        return faults > 0 || (strict && warnings > 0) ? EXIT.failed : EXIT.done;
      }),
    );
}

function said(count: number, what: string): string {
  return count === 0 ? `no ${what}s` : howMany(count, what);
}
