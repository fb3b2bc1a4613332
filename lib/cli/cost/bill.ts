import { limitsOf, type LimitUse } from "./limits.ts";
import { type Plan, type Requests, requestsOf } from "./requests.ts";

/** What DynamoDB asks for a million request units, in USD. */
export interface Prices {
  readonly perMillionWrites: number;
  readonly perMillionReads: number;
}

/** On demand, in the table class Standard, from DynamoDB's page of prices. */
export const LIST_PRICES = {
  perMillionWrites: 0.625,
  perMillionReads: 0.125,
  region: "us-east-1",
  since: "2024-11-01",
} as const;

/** A month has 730 hours, as in AWS's own calculations. */
export const SECONDS_PER_MONTH = 730 * 3_600;

/** Requests of one kind, and what they cost a month. */
export interface BillItem extends Requests {
  readonly perMonth: number;
  readonly unitsPerMonth: number;
  readonly usdPerMonth: number;
}

/** What a plan costs a month, and which limits it comes near. */
export interface Bill {
  readonly items: readonly BillItem[];
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly usd: number;
  /** The one that binds first is the first. */
  readonly limits: readonly LimitUse[];
}

/** Adds up what a plan costs in requests. Storage, backups, logs and compute are not in it. */
export function billOf(plan: Plan, prices: Prices = LIST_PRICES): Bill {
  const items = requestsOf(plan).map((requests) => itemOf(requests, prices));
  const sum = (of: (item: BillItem) => number): number => items.reduce((so, item) => so + of(item), 0);
  const unitsOf = (operation: Requests["operation"]): number =>
    sum((item) => (item.operation === operation ? item.unitsPerMonth : 0));
  return {
    items,
    writeUnits: unitsOf("write"),
    readUnits: unitsOf("read"),
    usd: sum(({ usdPerMonth }) => usdPerMonth),
    limits: limitsOf(plan),
  };
}

function itemOf(requests: Requests, { perMillionWrites, perMillionReads }: Prices): BillItem {
  const perMonth = requests.perSecond * SECONDS_PER_MONTH;
  const unitsPerMonth = perMonth * requests.unitsEach;
  const price = requests.operation === "write" ? perMillionWrites : perMillionReads;
  return { ...requests, perMonth, unitsPerMonth, usdPerMonth: (unitsPerMonth * price) / 1_000_000 };
}
