import { Stage, Token, Validations } from "aws-cdk-lib";
import type { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct, IConstruct } from "constructs";
import { refuse } from "./checks.ts";
import { type ILeadershipEvents, LeadershipChange } from "./leadership-events-rule.ts";
import { type Answer, isSameTable } from "./same-table.ts";
import type { ILeaseTable } from "./table-reference.ts";

/** A lease of a table, where that is known. */
interface LeaseOf {
  readonly table: ILeaseTable | undefined;
  readonly name: string;
}

/** The job that holds one lease is woken by releases of another. */
interface Link {
  readonly wakes: LeaseOf;
  readonly by: LeaseOf;
}

/** A job that releases may wake. */
export interface Sleeper {
  readonly function: IFunction;
  /** The lease that the job itself holds while it works. */
  readonly lease: LeaseOf;
  readonly deadLetterQueue: IQueue;
}

/** Of each stage, whose jobs have nothing to do with another's. */
const LINKS = new WeakMap<IConstruct, Link[]>();

/**
 * Invokes a job's function whenever one of the leases is released. Refuses the job's own lease, whose releases are its own, and jobs
 * that wake each other in a circle.
 */
export function wakeOnRelease(
  scope: Construct,
  sleeper: Sleeper,
  events: ILeadershipEvents,
  leaseNames: readonly string[],
): Rule {
  if (leaseNames.length === 0) {
    refuse(scope, "wakeOnRelease got no leaseNames; name the leases whose release is to wake the job");
  }
  const wakers = leaseNames.map((name) => ({ table: events.table, name }));
  checkWakers(scope, sleeper.lease, wakers);
  return events.onLeadership(freeId(scope), {
    description: "Leasehold: wakes a job when a lease is released",
    leaseNames,
    changes: [LeadershipChange.RELEASED],
    crossStackScope: scope,
    target: new LambdaFunction(sleeper.function, { deadLetterQueue: sleeper.deadLetterQueue }),
  });
}

/** Of a job that is woken from several buses, or at several times, each rule has an id of its own. */
function freeId(scope: Construct): string {
  const id = (nth: number): string => (nth === 1 ? "WakeOnRelease" : `WakeOnRelease${nth}`);
  let nth = 1;
  while (scope.node.tryFindChild(id(nth)) !== undefined) nth += 1;
  return id(nth);
}

/**
 * Refuses what would run without end: a job that its own releases wake, and jobs that wake each other in a circle. Warns where that
 * depends on which table the events are of.
 */
function checkWakers(scope: Construct, job: LeaseOf, wakers: readonly LeaseOf[]): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  const links = LINKS.get(stage) ?? [];
  LINKS.set(stage, links);
  const ways = wakers.map((waker) => {
    const sure = wayBetween(job, waker, links, ["yes"]);
    return { sure, possible: sure ?? wayBetween(job, waker, links, ["yes", "unknown"]) };
  });
  const sure = ways.find((way) => way.sure !== undefined)?.sure;
  if (sure !== undefined) refuse(scope, message(sure, job));
  const possible = ways.find((way) => way.possible !== undefined)?.possible;
  if (possible !== undefined) {
    Validations.of(scope).addWarning("leasehold:wakes-without-end", message(possible, job, "may"));
  }
  links.push(...wakers.map((by) => ({ wakes: job, by })));
}

/** The leases by which a release of `from` follows from one of `to`, both included; undefined where it does not. */
function wayBetween(
  to: LeaseOf,
  from: LeaseOf,
  links: readonly Link[],
  counts: readonly Answer[],
  seen = new Set<Link>(),
): readonly LeaseOf[] | undefined {
  if (counts.includes(isSameLease(from, to))) return [to];
  for (const link of links) {
    if (seen.has(link) || !counts.includes(isSameLease(link.wakes, from))) continue;
    seen.add(link);
    const way = wayBetween(to, link.by, links, counts, seen);
    if (way !== undefined) return [...way, from];
  }
  return undefined;
}

function isSameLease(one: LeaseOf, other: LeaseOf): Answer {
  if (one.name !== other.name) return "no";
  if (one.table === undefined || other.table === undefined) return "unknown";
  return isSameTable(one.table, other.table);
}

function message(way: readonly LeaseOf[], job: LeaseOf, may?: "may"): string {
  const known =
    may === undefined ? "" : "; if the events are of another table, give the events their tableArn";
  if (way.length === 1) {
    const own = Token.isUnresolved(job.name) ? "its own" : `"${job.name}"`;
    return (
      `wakeOnRelease got ${may === undefined ? "" : "what may be "}the lease that the job itself holds, ${own}: each run releases it and ` +
      "so would start the next, without end; name other leases. A run that found the lease held is tried again where " +
      `\`onFollowed\` throws${known}`
    );
  }
  const leases = [...way, job].map(({ name }) => `"${name}"`).join(", then of ");
  return (
    `wakeOnRelease ${may ?? "would"} close a circle of jobs that wake each other without end: a release of ${leases}; leave one of ` +
    `them out${known}`
  );
}
