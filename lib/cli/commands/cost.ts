import { type Command, Option } from "commander";
import { isLeaseError } from "../../core/errors.ts";
import { parseTiming, type Timing, type TimingOptions } from "../../core/timing.ts";
import { runs, withExamples } from "../command.ts";
import { type Bill, billOf, LIST_PRICES, type Prices } from "../cost/bill.ts";
import { pictureOf } from "../cost/picture.ts";
import type { Plan, Shape } from "../cost/requests.ts";
import { parseDuration } from "../duration.ts";
import { misused } from "../failure.ts";

interface CostOptions {
  readonly leases?: string;
  readonly as?: "single" | "group" | "workers";
  readonly standbys?: string;
  readonly listed?: boolean;
  readonly scheduleEvery?: string;
  readonly work?: string;
  readonly groups?: string;
  readonly workers?: string;
  readonly duration?: string;
  readonly renewInterval?: string;
  readonly retryInterval?: string;
  readonly valueBytes?: string;
  readonly pricePerMillionWrites?: string;
  readonly pricePerMillionReads?: string;
}

/** What `cost --json` prints: docs/schemas/cost.schema.json. */
export interface CostJson {
  readonly as: Shape["as"];
  readonly leases: number;
  readonly renewIntervalMs: number;
  readonly retryIntervalMs: number;
  readonly requests: readonly {
    readonly what: string;
    readonly operation: "write" | "read";
    readonly perSecond: number;
    readonly perMonth: number;
    readonly unitsPerMonth: number;
    readonly usdPerMonth: number;
  }[];
  readonly writeUnitsPerMonth: number;
  readonly readUnitsPerMonth: number;
  readonly usdPerMonth: number;
  readonly limits: readonly {
    readonly limit: string;
    readonly operation: "write" | "read";
    readonly unitsPerSecond: number;
    readonly most: number;
    readonly share: number;
    readonly reachedAtLeases: number | null;
  }[];
  readonly prices: Prices & { readonly region: string | null; readonly since: string | null };
}

/** `leasehold cost`: what elections cost in requests, and which limit binds first. It sends nothing. */
export function addCost(program: Command): void {
  const cost = program
    .command("cost")
    .description("reckon what leases cost a month in requests, and which limit binds first")
    .option("--leases <n>", "how many there are (default: 1)")
    .addOption(
      new Option("--as <shape>", "how they are held (default: single)").choices([
        "single",
        "group",
        "workers",
      ]),
    )
    .option("--standbys <n>", "single: how many wait for each, or are refused at each tick (default: 0)")
    .option("--listed", "single: candidates register, as those of leases.candidate do")
    .option("--schedule-every <time>", "single: functions that a schedule invokes so often")
    .option("--work <time>", "with --schedule-every: how long an invocation's work lasts (default: 0s)")
    .option("--groups <n>", "group, workers: over how many groups they are spread (default: 1)")
    .option("--workers <n>", "workers: how many share a group (default: 2)")
    .option("--duration <time>", "durationMs of the client (default: 15s)")
    .option("--renew-interval <time>", "renewIntervalMs of the client (default: a third of --duration)")
    .option("--retry-interval <time>", "retryIntervalMs of the client (default: 2s)")
    .option("--value-bytes <n>", "bytes of the value that a leader proclaims (default: 0)")
    .option("--price-per-million-writes <usd>", `default: ${LIST_PRICES.perMillionWrites}`)
    .option("--price-per-million-reads <usd>", `default: ${LIST_PRICES.perMillionReads}`)
    .action(
      runs(async ({ output }, options: CostOptions) => {
        const plan = planOf(options);
        const prices = pricesOf(options);
        const bill = billOf(plan, prices);
        if (output.json) return output.printJson(jsonOf(plan, prices, bill));
        output.print(pictureOf(output, plan, bill));
        output.print(pricesLine(prices));
      }),
    );
  cost.addHelpText(
    "after",
    "\nIt reckons and sends nothing: no table, no credentials. Storage, backups, logs and compute are not in it, nor what happens seldom.",
  );
  withExamples(cost, [
    "leasehold cost --leases 1000 --standbys 2",
    "leasehold cost --leases 1000 --as workers --workers 4",
    "leasehold cost --schedule-every 1m --standbys 1 --json",
  ]);
}

const DAY_MS = 86_400_000;
const MOST = 1_000_000_000;

function planOf(options: CostOptions): Plan {
  // The least that the client takes.
  const lasting = (text: string | undefined, option: string, minMs: number): number | undefined =>
    text === undefined ? undefined : parseDuration(text, option, minMs, DAY_MS);
  const { renewIntervalMs, retryIntervalMs } = timingOf({
    durationMs: lasting(options.duration, "--duration", 1_000),
    renewIntervalMs: lasting(options.renewInterval, "--renew-interval", 50),
    retryIntervalMs: lasting(options.retryInterval, "--retry-interval", 50),
  });
  return {
    leases: wholeOf(options.leases, "--leases", 1, 1, MOST),
    shape: shapeOf(options),
    renewIntervalMs,
    retryIntervalMs,
    valueBytes: wholeOf(options.valueBytes, "--value-bytes", 0, 0, 400_000),
  };
}

/** Checks timings as the client does, and calls them as the command line does. */
function timingOf(lengths: TimingOptions): Timing {
  try {
    return parseTiming(lengths);
  } catch (error) {
    if (!isLeaseError(error, "INVALID_ARGUMENT")) throw error;
    const called = (_: string, first: string, interval = ""): string =>
      `--${first}${interval.replace("I", "-i")}`;
    const message = error.message.replaceAll(/\b(duration|renew|retry)(Interval)?Ms\b/g, called);
    throw misused(message.replaceAll(/\((\d+)\)/g, "($1 ms)"), { cause: error });
  }
}

/** Which options go with which shape, by their names in commander's data. */
const GOES_WITH = {
  standbys: ["single", "schedule"],
  listed: ["single"],
  work: ["schedule"],
  groups: ["group", "workers"],
  workers: ["workers"],
} as const satisfies Partial<Record<keyof CostOptions, readonly Shape["as"][]>>;

function shapeOf(options: CostOptions): Shape {
  const { as = "single", scheduleEvery, work, listed } = options;
  if (scheduleEvery !== undefined && as !== "single")
    throw misused(
      `--schedule-every does not go with --as ${as}: a scheduled function has a lease of its own`,
    );
  const kind = scheduleEvery === undefined ? as : "schedule";
  for (const [option, kinds] of Object.entries(GOES_WITH)) {
    if (options[option as keyof CostOptions] === undefined || (kinds as readonly string[]).includes(kind))
      continue;
    const told = kinds.map((one) => (one === "schedule" ? "--schedule-every" : `--as ${one}`)).join(" or ");
    throw misused(`--${option} goes with ${told} only`);
  }
  const standbys = wholeOf(options.standbys, "--standbys", 0, 0, 1_000_000);
  const groups = wholeOf(options.groups, "--groups", 1, 1, 1_000_000);
  switch (kind) {
    case "single":
      return { as: kind, standbys, registrationMs: listed ? 60_000 : undefined };
    case "schedule":
      return {
        as: kind,
        everyMs: parseDuration(scheduleEvery ?? "", "--schedule-every", 1_000, 366 * DAY_MS),
        standbys,
        workMs: work === undefined ? 0 : parseDuration(work, "--work", 0, DAY_MS),
      };
    case "group":
      return { as: kind, groups };
    case "workers":
      return { as: kind, groups, workers: wholeOf(options.workers, "--workers", 2, 1, 100_000) };
    default:
      return kind satisfies never;
  }
}

function wholeOf(
  text: string | undefined,
  option: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const value = text === undefined ? fallback : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw misused(`${option} must be a whole number from ${min} to ${max}, not "${text}"`);
}

function pricesOf({ pricePerMillionWrites, pricePerMillionReads }: CostOptions): Prices {
  return {
    perMillionWrites: priceOf(
      pricePerMillionWrites,
      "--price-per-million-writes",
      LIST_PRICES.perMillionWrites,
    ),
    perMillionReads: priceOf(pricePerMillionReads, "--price-per-million-reads", LIST_PRICES.perMillionReads),
  };
}

function priceOf(text: string | undefined, option: string, fallback: number): number {
  const value = text === undefined ? fallback : /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 1_000) return value;
  throw misused(`${option} must be USD from 0 to 1000, such as 0.625, not "${text}"`);
}

function isList({ perMillionWrites, perMillionReads }: Prices): boolean {
  return perMillionWrites === LIST_PRICES.perMillionWrites && perMillionReads === LIST_PRICES.perMillionReads;
}

function pricesLine(prices: Prices): string {
  const { region, since } = LIST_PRICES;
  const told = `${prices.perMillionWrites} USD a million write units, ${prices.perMillionReads} USD a million read units`;
  return isList(prices) ? `prices: ${told} (${region}, on demand, since ${since})` : `prices: ${told}`;
}

function jsonOf(plan: Plan, prices: Prices, bill: Bill): CostJson {
  const { leases, shape, renewIntervalMs, retryIntervalMs } = plan;
  const of = isList(prices) ? LIST_PRICES : { region: null, since: null };
  return {
    as: shape.as,
    leases,
    renewIntervalMs,
    retryIntervalMs,
    requests: bill.items.map(({ what, operation, perSecond, perMonth, unitsPerMonth, usdPerMonth }) => ({
      what,
      operation,
      perSecond,
      perMonth,
      unitsPerMonth,
      usdPerMonth,
    })),
    writeUnitsPerMonth: bill.writeUnits,
    readUnitsPerMonth: bill.readUnits,
    usdPerMonth: bill.usd,
    limits: bill.limits.map(({ limit, operation, used, most, share, reachedAt }) => ({
      limit,
      operation,
      unitsPerSecond: used,
      most,
      share,
      reachedAtLeases: reachedAt ?? null,
    })),
    prices: { ...prices, region: of.region, since: of.since },
  };
}
