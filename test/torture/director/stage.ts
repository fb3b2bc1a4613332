import { join } from "node:path";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { Chance } from "../../simulation/world/chance.ts";
import type { Role } from "../candidate/messages.ts";
import { RowHistory } from "../checks/row-history.ts";
import { Ledger } from "../proxy/ledger.ts";
import { Link } from "../proxy/link.ts";
import { type NetworkFault, Weather } from "../proxy/weather.ts";
import type { Account } from "./account.ts";
import { Candidate } from "./candidate.ts";
import { ProcessClock } from "./clocks.ts";
import { Troubles } from "./troubles.ts";
import { type Tables, World } from "./world.ts";

/** One candidate of an election. */
export interface Part {
  readonly name: string;
  readonly role: Role;
  readonly durationMs: number;
}

/** One election: a lease with its own job and its own candidates. */
export interface Cast {
  readonly name: string;
  readonly parts: readonly Part[];
  /** How often an occurrence of the schedule comes about, on average, in ms. */
  readonly tickEveryMs: number;
  /** How far off wall clocks are at most, in ms. */
  readonly clockErrorMs: number;
  /** What never happens to its requests. */
  readonly without: readonly NetworkFault[];
  /** How long the lease can be without a leader after faults have ended, beyond the protocol's bound, in ms. */
  readonly extraRecoveryMs: number;
}

/**
 * Two elections side by side. In the first, those who watch the lease take it over by having watched it, before
 * anyone could by the service's clock; in the second nobody has a memory, so that the service's clock is all
 * there is.
 *
 * A corrected stamp is the middle of a second and the length of the lease later. With these lengths that is just
 * short of a whole second, which is the earliest that a header can speak of: the hardest case for the grace.
 *
 * Without a memory there is a limit: a first claim is stamped by the wall clock, and when its process dies before
 * the answer could correct it, the stamp stands. Who remembers the row sees it unchanged for long enough; who does
 * not has to wait until the stamp has passed. So the second election's clocks are off by seconds, and it is given
 * that much longer to recover. And where an answer without a date made the holder take its stamp away, who does
 * not remember waits for ever; so that is left to the first election.
 */
export const CASTS: readonly Cast[] = [
  {
    name: "mixed",
    tickEveryMs: 400,
    clockErrorMs: 300_000,
    without: [],
    extraRecoveryMs: 0,
    parts: [
      { name: "steady-1", role: "steady", durationMs: 3_000 },
      { name: "steady-2", role: "steady", durationMs: 2_000 },
      { name: "impolite-1", role: "impolite", durationMs: 2_500 },
      { name: "scheduled-1", role: "scheduled", durationMs: 2_000 },
    ],
  },
  {
    name: "memoryless",
    tickEveryMs: 150,
    clockErrorMs: 15_000,
    without: ["no date"],
    extraRecoveryMs: 15_000,
    parts: [
      { name: "scheduled-2", role: "scheduled", durationMs: 1_480 },
      { name: "scheduled-3", role: "scheduled", durationMs: 2_480 },
      { name: "scheduled-4", role: "scheduled", durationMs: 3_480 },
    ],
  },
];

/** What a stage is set with. */
export interface StageOptions {
  readonly cast: Cast;
  /** Where everything is counted, over all elections. */
  readonly account: Account;
  /** Where the engine answers. */
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly tables: Tables;
  readonly seed: number;
  /** The library that shifts clocks, where there is one. */
  readonly fakeTime: string | undefined;
  /** A folder for what lives as long as the run. */
  readonly folder: string;
}

/** Everything that one election has on its stage. */
export interface Stage extends AsyncDisposable {
  readonly cast: Cast;
  readonly account: Account;
  readonly row: RowHistory;
  readonly ledger: Ledger;
  readonly world: World;
  readonly candidates: readonly Candidate[];
  readonly troubles: Troubles;
  readonly chance: Chance;
  /** Stops the faults of the network. */
  calm(): void;
  /** Ends every candidate, then their ways to the engine. */
  strike(): Promise<void>;
}

/** Opens a link for every candidate and makes ready what will trouble them. Starts nobody yet. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { cast, account, client, tables, seed, fakeTime, folder } = options;
  const { hostname: host, port } = new URL(options.endpoint);
  const engine = { host, port: Number(port) };
  const chance = new Chance(seed + 7_919 * CASTS.indexOf(cast));
  const row = new RowHistory();
  const ledger = new Ledger(row, tables.leases);
  const weathers: Weather[] = [];
  const candidates: Candidate[] = [];
  for (const part of cast.parts) {
    const weather = new Weather(chance, part.name, cast.without);
    const link = await Link.open({
      engine,
      fateOf: (operation) => weather.fateOf(operation),
      onExchange: (exchange) => ledger.note(exchange),
      onFault: (fault) => account.faults.add(fault),
      onTrouble: (error) => account.surprises.push(`the way of ${part.name}: ${String(error)}`),
    });
    const config = {
      ...part,
      leaseTable: tables.leases,
      invoiceTable: tables.invoices,
      lease: tables.lease,
    };
    const clock =
      fakeTime === undefined ? undefined : new ProcessClock(fakeTime, join(folder, `${part.name}.clock`));
    weathers.push(weather);
    candidates.push(new Candidate({ config, link, clock, account }));
  }
  const strike = async (): Promise<void> => {
    await Promise.all(candidates.map((candidate) => candidate.stop()));
    await Promise.all(candidates.map(({ link }) => link.close()));
  };
  return {
    cast,
    account,
    row,
    ledger,
    candidates,
    chance,
    world: new World(client, tables),
    troubles: new Troubles(candidates, chance, account, {
      clockErrorMs: fakeTime === undefined ? undefined : cast.clockErrorMs,
    }),
    calm() {
      for (const weather of weathers) weather.calm = true;
    },
    strike,
    async [Symbol.asyncDispose]() {
      await Promise.all(candidates.map((candidate) => candidate.kill()));
      await Promise.all(candidates.map(({ link }) => link.close()));
    },
  };
}
