#!/usr/bin/env node
import { main } from "../lib/cli/program.ts";

await main(process.argv.slice(2));
