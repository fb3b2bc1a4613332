/** How leases are held, and by whom: what decides on how many requests there are. */
export type Shape =
  /** Each lease has a row of its own, and one leads it all the time. */
  | {
      readonly as: "single";
      /** How many candidates wait for each lease. */
      readonly standbys: number;
      /** For how long a registration stays listed, in ms; `undefined` where candidates do not register. */
      readonly registrationMs: number | undefined;
    }
  /** Each lease is that of a scheduled function, and is led for as long as an invocation lasts. */
  | {
      readonly as: "schedule";
      readonly everyMs: number;
      /** How many invocations lose at each tick: duplicates, and other regions. */
      readonly standbys: number;
      /** How long the work of an invocation lasts, in ms. */
      readonly workMs: number;
    }
  /** The leases are shards: one process holds those of each group through one session. */
  | { readonly as: "group"; readonly groups: number }
  /** The leases are shards: workers share those of each group. */
  | { readonly as: "workers"; readonly groups: number; readonly workers: number };

/** What is held, and how often is renewed and looked. */
export interface Plan {
  readonly leases: number;
  readonly shape: Shape;
  readonly renewIntervalMs: number;
  readonly retryIntervalMs: number;
  /** How many bytes of the value that a leader proclaims are in each row. */
  readonly valueBytes: number;
}

/** Requests of one kind, sent again and again. */
export interface Requests {
  readonly what: string;
  readonly operation: "write" | "read";
  /** How many there are in all, each second, on average. */
  readonly perSecond: number;
  /** How many of them have the same partition key, each second. */
  readonly perSecondOfKey: number;
  /** How many there may be in one second, where they come together; the average otherwise. */
  readonly most: number;
  /** What one costs, in request units. */
  readonly unitsEach: number;
}

/** Rows as the store writes them, in bytes as DynamoDB counts them, with names and ids of usual lengths. */
export const ROW_BYTES = { lease: 220, session: 270, shard: 210 } as const;

/** What a unit is for, in bytes. */
const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;

/** How often a process looks at all of its shards, in ms; up to so many it reads one by one. */
const LOOK_MS = 60_000;
const FEW = 8;

const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
/** Of a strongly consistent read: the library makes no other. */
const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
const per = (ms: number): number => 1_000 / ms;

/**
 * What the library sends at rest, once all is held and nothing changes hands. Claims, take-overs, requests to hand over and what fails
 * are not in it: they are a few requests each.
 */
export function requestsOf(plan: Plan): readonly Requests[] {
  switch (plan.shape.as) {
    case "single":
      return singleRequests(plan, plan.shape);
    case "schedule":
      return scheduleRequests(plan, plan.shape);
    case "group":
      return groupRequests(plan, plan.shape);
    case "workers":
      return workerRequests(plan, plan.shape);
    default:
      return plan.shape satisfies never;
  }
}

type Of<As extends Shape["as"]> = Extract<Shape, { as: As }>;

function singleRequests(plan: Plan, { standbys, registrationMs }: Of<"single">): Requests[] {
  const { leases, renewIntervalMs, retryIntervalMs, valueBytes } = plan;
  const bytes = ROW_BYTES.lease + valueBytes;
  const evenly = { leases, keys: leases };
  return [
    write("renewals", per(renewIntervalMs), evenly, writeUnits(bytes)),
    read("looks of standbys", standbys * per(retryIntervalMs), evenly, readUnits(bytes)),
    write(
      "registrations of candidates",
      registrationMs === undefined ? 0 : (standbys + 1) * per(registrationMs / 2),
      evenly,
      1,
    ),
  ].filter(({ perSecond }) => perSecond > 0);
}

function scheduleRequests(plan: Plan, { everyMs, standbys, workMs }: Of<"schedule">): Requests[] {
  const { leases, renewIntervalMs, valueBytes } = plan;
  const each = writeUnits(ROW_BYTES.lease + valueBytes);
  const renewals = Math.max(0, Math.ceil(workMs / renewIntervalMs) - 1);
  const ofTick = (what: string, count: number): Requests => ({
    ...write(what, count * per(everyMs), { leases, keys: leases }, each),
    // The occurrences of all schedules may be at the same second.
    perSecondOfKey: count,
    most: count * leases,
  });
  return [
    ofTick("claims", 1),
    ofTick("releases", 1),
    ofTick("refused claims", standbys),
    {
      ...ofTick("renewals", renewals),
      perSecondOfKey: per(renewIntervalMs),
      most: leases * per(renewIntervalMs),
    },
  ].filter(({ perSecond }) => perSecond > 0);
}

function groupRequests(plan: Plan, { groups }: Of<"group">): Requests[] {
  const { leases, renewIntervalMs, valueBytes } = plan;
  const shards = leases / groups;
  const bytes = ROW_BYTES.shard + valueBytes;
  const evenly = { leases: groups, keys: groups };
  const isFew = shards <= FEW;
  return [
    write("renewals of sessions", per(renewIntervalMs), evenly, 1),
    read(
      "looks at all shards",
      (isFew ? shards : 1) * per(LOOK_MS),
      evenly,
      readUnits(isFew ? bytes : shards * bytes),
    ),
  ];
}

function workerRequests(plan: Plan, { groups, workers }: Of<"workers">): Requests[] {
  const { leases, renewIntervalMs, retryIntervalMs, valueBytes } = plan;
  const shards = (leases / groups) * (ROW_BYTES.shard + valueBytes);
  const sessions = workers * ROW_BYTES.session;
  const evenly = { leases: groups, keys: groups };
  // A look at all takes the place of one at the sessions.
  const looks = Math.max(0, per(retryIntervalMs) - per(LOOK_MS));
  return [
    write("renewals of sessions", workers * per(renewIntervalMs), evenly, 1),
    read("looks at who is there", workers * looks, evenly, readUnits(sessions)),
    read("looks at all shards", workers * per(LOOK_MS), evenly, readUnits(sessions + shards)),
  ];
}

/** So many of each lease, or of each group, a second. */
interface Spread {
  readonly leases: number;
  readonly keys: number;
}

function sent(operation: Requests["operation"]) {
  return (what: string, each: number, { leases, keys }: Spread, unitsEach: number): Requests => {
    const perSecond = each * leases;
    return { what, operation, perSecond, perSecondOfKey: perSecond / keys, most: perSecond, unitsEach };
  };
}

const write = sent("write");
const read = sent("read");
