#!/usr/bin/env node
import { GUARD } from "../lib/cli/run/guard-terms.ts";

const argv = process.argv.slice(2);
if (argv[0] === GUARD) {
  // A small process: it loads no command.
  const { standGuard } = await import("../lib/cli/run/guard-process.ts");
  standGuard(Number(argv[1]), argv.slice(2));
} else {
  const { main } = await import("../lib/cli/program.ts");
  await main(argv);
}
