import { type Plan, type Requests, requestsOf } from "./requests.ts";

/** A limit that DynamoDB publishes, and how near to it a plan comes. */
export interface LimitUse {
  readonly limit: string;
  readonly operation: Requests["operation"];
  /** Units a second that the service takes. */
  readonly most: number;
  /** Units a second that are asked of it. */
  readonly used: number;
  readonly share: number;
  /** With how many leases it is reached, all else being equal; `undefined` where it never is. */
  readonly reachedAt: number | undefined;
}

interface Limit {
  readonly limit: string;
  readonly operation: Requests["operation"];
  readonly most: number;
  readonly of: "key" | "table";
}

/**
 * What DynamoDB takes on demand, in units a second: the Developer Guide's "Quotas in Amazon DynamoDB" (a table, by default, and it can
 * be raised), "DynamoDB on-demand capacity mode" (a new table, which grows with its use),
 * and "Best practices for designing partition keys" (a key, which nothing raises).
 */
const LIMITS: readonly Limit[] = [
  { limit: "writes to one partition key", operation: "write", most: 1_000, of: "key" },
  { limit: "reads of one partition key", operation: "read", most: 3_000, of: "key" },
  { limit: "writes to a new table", operation: "write", most: 4_000, of: "table" },
  { limit: "reads of a new table", operation: "read", most: 12_000, of: "table" },
  { limit: "writes to a table, by default", operation: "write", most: 40_000, of: "table" },
  { limit: "reads of a table, by default", operation: "read", most: 40_000, of: "table" },
];

/** No more leases than these are looked at. */
const MOST_LEASES = 2 ** 40;

/** Holds a plan to the limits; the one that binds first when there are more leases is the first. */
export function limitsOf(plan: Plan): readonly LimitUse[] {
  return LIMITS.map((limit) => {
    const used = usedOf(plan, limit);
    const { most, operation } = limit;
    const reachedAt = reachedBy(plan, limit);
    return { limit: limit.limit, operation, most, used, share: used / most, reachedAt };
  }).sort((a, b) => Math.max(b.share, 1) - Math.max(a.share, 1) || far(a) - far(b) || b.share - a.share);
}

const far = ({ reachedAt = MOST_LEASES }: LimitUse): number => reachedAt;

function usedOf(plan: Plan, { operation, of }: Limit): number {
  return requestsOf(plan)
    .filter((requests) => requests.operation === operation)
    .reduce(
      (sum, { most, perSecondOfKey, unitsEach }) => sum + (of === "key" ? perSecondOfKey : most) * unitsEach,
      0,
    );
}

/** Finds by halving from how many leases on a limit is reached: what is used never falls when there are more. */
function reachedBy(plan: Plan, limit: Limit): number | undefined {
  const isReached = (leases: number): boolean => usedOf({ ...plan, leases }, limit) >= limit.most;
  if (!isReached(MOST_LEASES)) return undefined;
  let [below, above] = [0, MOST_LEASES];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (isReached(middle)) above = middle;
    else below = middle;
  }
  return above;
}
