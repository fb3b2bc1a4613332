import { join } from "node:path";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Exchange, Link } from "../../../local/harness/link.ts";
import type { RandomNetwork } from "../network/random-network.ts";
import { ProcessClock } from "./clocks.ts";
import { type Journal, tally } from "./journal.ts";
import { Participant, type Told } from "./participant.ts";
import type { Programs } from "./programs.ts";

/** What everything that is tortured is run with. */
export interface RunOptions {
  /** Where everything is counted. */
  readonly journal: Journal;
  /** Where the engine answers. */
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly seed: number;
  /** The library that shifts clocks, where there is one. */
  readonly fakeTime: string | undefined;
  readonly programs: Programs;
  /** A folder for what lives as long as the run. */
  readonly folder: string;
}

/** Opens somebody's way to the engine. */
export function openWay(
  { journal, endpoint }: Pick<RunOptions, "journal" | "endpoint">,
  name: string,
  network: RandomNetwork,
  onExchange: (exchange: Exchange) => void,
): Promise<Link> {
  return Link.open({
    engine: endpoint,
    traffic: { fateOf: (operation) => network.fateOf(operation), onExchange },
    onFault: (fault) => tally(journal.faults, fault),
    onTrouble: (error) => journal.surprises.push(`the way of ${name}: ${String(error)}`),
  });
}

/** Opens the way of one participant to the engine and makes it ready to be started. */
export async function enlist<C extends Told>(
  options: RunOptions,
  told: { readonly program: string; readonly config: C },
  network: RandomNetwork,
  onExchange: (exchange: Exchange) => void,
): Promise<Participant<C>> {
  const { journal, fakeTime, folder } = options;
  const { name } = told.config;
  const link = await openWay(options, name, network, onExchange);
  const clock =
    fakeTime === undefined ? undefined : new ProcessClock(fakeTime, join(folder, `${name}.clock`));
  return new Participant({ ...told, link, clock, journal });
}
