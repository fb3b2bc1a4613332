import { Bench } from "tinybench";
import { shuffled } from "../figures.ts";
import type { BenchContext } from "../part.ts";
import type { Contender } from "./contenders.ts";

/** What one round told of one contender, by the operation. */
export interface Round {
  /** The median of the wall times, in µs. */
  readonly wallUs: number;
  /** CPU time of this process, in µs: user and system, all threads. */
  readonly cpuUs: number;
}

/** How much is measured. */
export interface Amount {
  readonly rounds: number;
  /** How often a round has each contender do it. */
  readonly times: number;
  /** How many rounds before these are not counted: what is compiled is compiled then. */
  readonly uncounted: number;
}

/**
 * Measures contenders in turns: each round has each do the operation some times, in a random order.
 */
export async function measureRounds<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { rounds, times, uncounted }: Amount,
  { signal }: Pick<BenchContext, "signal">,
): Promise<Readonly<Record<Name, readonly Round[]>>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>;
  for (let round = 0; round < uncounted + rounds; round += 1) {
    for (const name of shuffled(names)) {
      signal.throwIfAborted();
      const result = await measureOnce(contenders[name], times);
      if (round >= uncounted) results[name].push(result);
    }
  }
  return results;
}

async function measureOnce(contender: Contender, iterations: number): Promise<Round> {
  const bench = new Bench({ iterations, time: 0, warmup: false, throws: true });
  let start: NodeJS.CpuUsage | undefined;
  let cpuUs = 0;
  bench.add("it", () => contender.once(), {
    async: true,
    beforeAll: async () => {
      await contender.prepare();
      start = process.cpuUsage();
    },
    afterAll: async () => {
      const { user, system } = process.cpuUsage(start);
      cpuUs = (user + system) / iterations;
      await contender.finish();
    },
  });
  const [task] = await bench.run();
  const { result } = task as NonNullable<typeof task>;
  if (!("latency" in result)) throw new Error(`the measurement ended as ${result.state}`);
  return { wallUs: result.latency.p50 * 1_000, cpuUs };
}
