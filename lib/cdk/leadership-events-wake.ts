import { Token } from "aws-cdk-lib";
import type { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct, IConstruct } from "constructs";
import { refuse } from "./checks.ts";
import { type ILeadershipEvents, LeadershipChange } from "./leadership-events-rule.ts";

/** A job that releases may wake. */
export interface Sleeper {
  readonly function: IFunction;
  /** The lease that the job itself holds while it works. */
  readonly leaseName: string;
  readonly deadLetterQueue: IQueue;
}

/** Of each app: whose releases wake the job that holds a lease. */
const WAKERS = new WeakMap<IConstruct, Map<string, Set<string>>>();

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
  if (leaseNames.includes(sleeper.leaseName)) {
    const own = Token.isUnresolved(sleeper.leaseName) ? "its own" : `"${sleeper.leaseName}"`;
    refuse(
      scope,
      `wakeOnRelease got the lease that the job itself holds, ${own}: each run releases it and so would start the next, without ` +
        "end; name other leases. A run that found the lease held is tried again where `onFollowed` throws",
    );
  }
  refuseCircle(scope, sleeper.leaseName, leaseNames);
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

/** A run of each job of a circle would start the next one's, without end. */
function refuseCircle(scope: Construct, own: string, leaseNames: readonly string[]): void {
  const wakers = WAKERS.get(scope.node.root) ?? new Map<string, Set<string>>();
  WAKERS.set(scope.node.root, wakers);
  const wokenBy = (lease: string, seen: ReadonlySet<string>): readonly string[] | undefined => {
    if (lease === own) return [own];
    if (seen.has(lease)) return undefined;
    for (const waker of wakers.get(lease) ?? []) {
      const way = wokenBy(waker, new Set([...seen, lease]));
      if (way !== undefined) return [...way, lease];
    }
    return undefined;
  };
  for (const lease of leaseNames) {
    const way = wokenBy(lease, new Set());
    if (way === undefined) continue;
    refuse(
      scope,
      `wakeOnRelease would close a circle of jobs that wake each other without end: a release of ${[...way, own].map((name) => `"${name}"`).join(", then of ")}; leave one of them out`,
    );
  }
  wakers.set(own, new Set([...(wakers.get(own) ?? []), ...leaseNames]));
}
