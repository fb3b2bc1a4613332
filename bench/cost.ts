import Table from "cli-table3";
import { Command } from "commander";

const MINUTES_PER_MONTH = 43_800;
const SECONDS_PER_MONTH = MINUTES_PER_MONTH * 60;

/** What an election asks of the table in a month. A row is under 1 KB: one unit a write, one a strong read. */
interface Workload {
  readonly name: string;
  readonly writes: number;
  readonly reads: number;
}

const WORKLOADS: readonly Workload[] = [
  {
    name: "job every minute, one function (claim, release)",
    writes: 2 * MINUTES_PER_MONTH,
    reads: 0,
  },
  {
    name: "job every minute, two regions, with or without affinity, or duplicates (and one refusal)",
    writes: 3 * MINUTES_PER_MONTH,
    reads: 0,
  },
  {
    name: "service: a leader (renews every 5 s)",
    writes: SECONDS_PER_MONTH / 5,
    reads: 0,
  },
  {
    name: "service: each waiting candidate (looks every 2 s)",
    writes: 0,
    reads: SECONDS_PER_MONTH / 2,
  },
  {
    name: "service: each listed candidate, besides (every 30 s)",
    writes: SECONDS_PER_MONTH / 30,
    reads: 0,
  },
];

const program = new Command("cost")
  .description("What elections cost a month in DynamoDB requests, on demand")
  .option("--write <usd>", "price of a million write units", Number, 0.625)
  .option("--read <usd>", "price of a million read units", Number, 0.125)
  .parse();
const { write, read } = program.opts<{ write: number; read: number }>();

const table = new Table({
  head: ["workload", "writes", "strong reads", "USD a month"],
  style: { head: [], border: [] },
});
for (const { name, writes, reads } of WORKLOADS) {
  const usd = (writes * write + reads * read) / 1_000_000;
  table.push([name, writes.toLocaleString("en"), reads.toLocaleString("en"), usd.toFixed(2)]);
}
console.log(table.toString());
