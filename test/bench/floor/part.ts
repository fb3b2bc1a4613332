import { DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { engineClient, startEngine } from "../../../local/engine.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import type { BenchContext, Part, Section } from "../part.ts";
import { bareDoes, leaseholdDoes, type Place } from "./contenders.ts";
import { minimalScript } from "./minimal.ts";
import { type Amount, measureRounds } from "./rounds.ts";
import { recordedScript } from "./recorded-script.ts";
import { COMMANDS, type Operation, OPERATIONS, type Script } from "./scripts.ts";
import { sectionOf } from "./section.ts";
import { makeStub } from "./stub.ts";
import { bytesOf } from "./wire.ts";
import type { Findings, Measurement } from "./section.ts";

const TABLE = "floor";

const AMOUNTS = {
  full: { engine: { rounds: 20, times: 30, uncounted: 30 }, stub: { rounds: 20, times: 100, uncounted: 10 } },
  smoke: { engine: { rounds: 1, times: 2, uncounted: 0 }, stub: { rounds: 1, times: 2, uncounted: 0 } },
} as const;

/** Acquire and release, renewal, refusal, beside the same commands without this package, and beside the least that one could send. */
export const floor: Part = {
  name: "floor",
  about: "acquire, renew, release, refusal, beside the same commands sent bare and beside minimal ones",
  async run(context: BenchContext): Promise<readonly Section[]> {
    return [sectionOf(await measureFloor(context))];
  },
};

/** Measures what the section tells. */
export async function measureFloor(context: BenchContext): Promise<Findings> {
  const amounts = context.smoke ? AMOUNTS.smoke : AMOUNTS.full;
  await using stack = new AsyncDisposableStack();
  const { endpoint } = stack.use(await startEngine());
  const client = stack.adopt(engineClient(endpoint), (opened) => opened.destroy());
  await createLeaseTable(client, TABLE);
  const place: Place = { client, table: TABLE };
  const measurements: Measurement[] = [];
  const wire: Findings["wire"][number][] = [];
  for (const operation of OPERATIONS) {
    const script = await recordedScript(operation, place, amounts.engine.times);
    const minimal = minimalScript(operation, TABLE);
    const begin = async (): Promise<void> => {
      for (const row of ["lease", "minimal"])
        await client.send(
          new DeleteItemCommand({ TableName: TABLE, Key: { pk: { S: "bench" }, sk: { S: row } } }),
        );
    };
    for (const [of, sent] of [
      ["ours", script],
      ["minimal", minimal],
    ] as const) {
      await begin();
      wire.push({ operation, of, commands: await bytesOf(sent, endpoint, COMMANDS[operation]) });
    }
    const scripts = { ours: script, minimal };
    measurements.push(await measured("engine", operation, place, scripts, amounts, context));
    const stub = makeStub();
    // The first of all finds no row, which is not the usual: the stub answers as to the last.
    const usual = { before: script.before, times: script.times.slice(-COMMANDS[operation]) };
    const stubbed: Place = { client: stub.client, table: TABLE, stub };
    measurements.push(await measured("stub", operation, stubbed, { ours: usual, minimal }, amounts, context));
    stub.client.destroy();
  }
  return { measurements, wire, amounts };
}

async function measured(
  on: "engine" | "stub",
  operation: Operation,
  place: Place,
  scripts: { readonly ours: Script; readonly minimal: Script },
  amounts: { readonly engine: Amount; readonly stub: Amount },
  { signal, progress }: BenchContext,
): Promise<Measurement> {
  progress(`${operation} on the ${on}`);
  const contenders = {
    leasehold: leaseholdDoes(operation, place, scripts.ours),
    bare: bareDoes(operation, place, scripts.ours, "lease"),
    minimal: bareDoes(operation, place, scripts.minimal, "minimal"),
  };
  return {
    on,
    operation,
    rounds: await measureRounds(contenders, amounts[on], { signal }),
  };
}
