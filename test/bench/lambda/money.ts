import { billOf, LIST_PRICES, SECONDS_PER_MONTH } from "../../../lib/cli/cost/bill.ts";
import type { Plan, Shape } from "../../../lib/cli/cost/requests.ts";
import { DEFAULT_TIMING } from "../../../lib/core/timing.ts";
import type { FigureTable } from "../part.ts";

/** Writes and strong reads of one unit each. */
export interface Units {
  readonly writes: number;
  readonly reads: number;
}

/** What one who leads or follows sends, by its library. Each request is one unit: rows are short. */
export interface Payer {
  readonly named: string;
  /** An invocation that leads: acquires, and releases after less than a renewal's interval. */
  readonly leads: Units;
  /** An invocation that finds the lock held, and gives up as soon as the library lets it. */
  readonly follows: Units;
  /** How long that takes. */
  readonly followsFor: string;
  /** A holder that renews, each `renewIntervalMs`. */
  readonly renews: Units;
  /** One that waits, and how often it does this, in ms. */
  readonly waits: Units;
  readonly waitsEveryMs: number;
}

const { renewIntervalMs, retryIntervalMs, durationMs } = DEFAULT_TIMING;
const WRITE: Units = { writes: 1, reads: 0 };

/** Whoever trusts no clock of another machine: a lock that is held is waited for, for as long as it lasts from then on. */
const WAITS_IT_OUT = {
  leads: { writes: 2, reads: 1 },
  follows: { writes: 1, reads: 1 },
  followsFor: "a lease's length",
  renews: WRITE,
  waits: { writes: 1, reads: 1 },
  waitsEveryMs: durationMs,
} as const;

/**
 * The alternatives on DynamoDB, read from their sources: dynamodb-lock-client 0.7.3 and @deliveryhero/dynamodb-lock 2.0.0. All with our
 * lengths: a lease of 15 s that is renewed every 5 s, and looks every 2 s where a library looks at an interval at all.
 */
export const ALTERNATIVES: readonly Payer[] = [
  {
    ...WAITS_IT_OUT,
    named: "@deliveryhero/dynamodb-lock",
  },
  {
    named: "@deliveryhero/dynamodb-lock, trustLocalTime",
    leads: { writes: 2, reads: 1 },
    follows: { writes: 0, reads: 1 },
    followsFor: "one wait",
    renews: WRITE,
    waits: { writes: 0, reads: 1 },
    waitsEveryMs: retryIntervalMs,
  },
  {
    ...WAITS_IT_OUT,
    named: "dynamodb-lock-client, FailOpen",
  },
  {
    named: "dynamodb-lock-client, FailClosed (a crash locks for ever)",
    leads: { writes: 2, reads: 0 },
    follows: WRITE,
    followsFor: "at once",
    renews: { writes: 0, reads: 0 },
    waits: WRITE,
    waitsEveryMs: retryIntervalMs,
  },
];

const MINUTE_MS = 60_000;

/** What there is to pay a month, in USD, of a leader and a follower a minute, of a holder and of one that waits. */
export interface Month {
  readonly named: string;
  readonly leader: number;
  readonly follower: number;
  readonly holder: number;
  readonly standby: number;
}

/** What ours cost, as `leasehold cost` reckons it. */
export function ourMonth(): Month {
  const billed = (shape: Shape, what: RegExp): number => {
    const plan: Plan = { leases: 1, shape, renewIntervalMs, retryIntervalMs, valueBytes: 0 };
    return billOf(plan)
      .items.filter((item) => what.test(item.what))
      .reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);
  };
  const schedule = { as: "schedule", everyMs: MINUTE_MS, standbys: 1, workMs: 0 } as const;
  const single = { as: "single", standbys: 1, registrationMs: undefined } as const;
  return {
    named: "leasehold",
    leader: billed(schedule, /^(claims|releases)/),
    follower: billed(schedule, /^refused/),
    holder: billed(single, /^renewals/),
    standby: billed(single, /^looks/),
  };
}

/** What an alternative costs. */
export function monthOf({ named, leads, follows, renews, waits, waitsEveryMs }: Payer): Month {
  return {
    named,
    leader: usdOf(leads, MINUTE_MS),
    follower: usdOf(follows, MINUTE_MS),
    holder: usdOf(renews, renewIntervalMs),
    standby: usdOf(waits, waitsEveryMs),
  };
}

function usdOf({ writes, reads }: Units, everyMs: number): number {
  const { perMillionWrites, perMillionReads } = LIST_PRICES;
  const times = (SECONDS_PER_MONTH * 1_000) / everyMs;
  return (times * (writes * perMillionWrites + reads * perMillionReads)) / 1_000_000;
}

const unitsText = ({ writes, reads }: Units): string => `${writes} W, ${reads} R`;

/** Request units of one tick, and the dollars of a month. */
export function moneyTables(): FigureTable[] {
  const ours: Payer = {
    named: "leasehold",
    leads: { writes: 2, reads: 0 },
    follows: WRITE,
    followsFor: "at once",
    renews: WRITE,
    waits: { writes: 0, reads: 1 },
    waitsEveryMs: retryIntervalMs,
  };
  return [
    {
      columns: ["", "invocation that leads", "invocation that follows", "which takes", "holder", "standby"],
      rows: [ours, ...ALTERNATIVES].map((payer) => [
        payer.named,
        unitsText(payer.leads),
        unitsText(payer.follows),
        payer.followsFor,
        `${unitsText(payer.renews)} each ${renewIntervalMs / 1_000} s`,
        `${unitsText(payer.waits)} each ${payer.waitsEveryMs / 1_000} s`,
      ]),
    },
    {
      columns: ["USD a month", "leader, each minute", "follower, each minute", "holder", "standby"],
      rows: [ourMonth(), ...ALTERNATIVES.map(monthOf)].map(monthRow),
    },
  ];
}

function monthRow({ named, leader, follower, holder, standby }: Month): string[] {
  const dollars = [leader, follower, holder, standby].map((usd) => usd.toFixed(3));
  return [named].concat(dollars);
}
