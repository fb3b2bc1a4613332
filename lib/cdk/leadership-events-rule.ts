import { type IResource, Resource } from "aws-cdk-lib";
import { type EventPattern, type IEventBus, type OnEventOptions, Rule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import { checkLeaseName, checkSamePlace, refuse } from "./checks.ts";
import type { LeadershipDetailType } from "./leadership-events-change.ts";

/** What the events' `source` is. */
export const LEADERSHIP_SOURCE = "leasehold";

/** The kinds of change that are sent: what `detail-type` says. */
export const LeadershipChange = {
  /** A term began on a lease that nobody held. */
  ACQUIRED: "Leadership Acquired",
  /** A term began on a lease whose last holder had let its term run out. */
  TAKEN_OVER: "Leadership Taken Over",
  /** A term ended and nobody holds the lease: released, or vacated or deleted by an operator. */
  RELEASED: "Leadership Released",
} as const satisfies Record<string, LeadershipDetailType>;

/** One of the kinds of change in {@link LeadershipChange}. */
export type LeadershipChange = LeadershipDetailType;

/** Which changes of leadership a rule is for, and where it sends them. */
export interface OnLeadershipOptions extends OnEventOptions {
  /**
   * The leases: each of 1 to 2,048 bytes.
   * @default - all
   */
  readonly leaseNames?: readonly string[];
  /**
   * The kinds of change.
   * @default - all
   */
  readonly changes?: readonly LeadershipChange[];
}

/** Where changes of leadership are told: an event bus, of this app or of another. */
export interface ILeadershipEvents extends IResource {
  /** The bus that carries the events. */
  readonly eventBus: IEventBus;
  /**
   * Makes a rule for changes of leadership, as CDK's `onX` methods do. Delivery is at least once, and not in order.
   *
   * @param options whose `eventPattern` narrows the rule further, by other fields of `detail` for example
   */
  onLeadership(id: string, options?: OnLeadershipOptions): Rule;
}

/** Makes rules on a bus: what the construct and its imported twin share. */
export abstract class LeadershipEventsBase extends Resource implements ILeadershipEvents {
  abstract readonly eventBus: IEventBus;

  onLeadership(id: string, options: OnLeadershipOptions = {}): Rule {
    const { leaseNames, changes, target, crossStackScope, eventPattern, ...rest } = options;
    const scope = crossStackScope ?? this;
    checkBus(scope, this.eventBus);
    const rule = new Rule(scope, id, {
      ...rest,
      eventBus: this.eventBus,
      eventPattern: { source: [LEADERSHIP_SOURCE], detailType: detailTypes(scope, changes) },
    });
    const lease = leaseNames?.map((name) => checkLeaseName(scope, name, "leaseNames"));
    if (lease !== undefined)
      rule.addEventPattern({ detail: { lease: notEmpty(scope, lease, "leaseNames") } });
    if (eventPattern !== undefined) rule.addEventPattern(narrowing(scope, eventPattern));
    if (target !== undefined) rule.addTarget(target);
    return rule;
  }
}

/** Leadership events whose bus is known, and no more. */
export class ImportedLeadershipEvents extends LeadershipEventsBase {
  readonly eventBus: IEventBus;

  constructor(scope: Construct, id: string, eventBus: IEventBus) {
    super(scope, id, { environmentFromArn: eventBus.eventBusArn });
    this.eventBus = eventBus;
  }
}

function detailTypes(scope: Construct, changes: readonly LeadershipChange[] | undefined): string[] {
  const known: readonly string[] = Object.values(LeadershipChange);
  const unknown = changes?.find((change) => !known.includes(change));
  if (unknown !== undefined) {
    refuse(scope, `changes has "${unknown}"; there are ${known.map((one) => `"${one}"`).join(", ")}`);
  }
  return [...notEmpty(scope, changes ?? known, "changes")];
}

function notEmpty<T>(scope: Construct, list: readonly T[], option: string): readonly T[] {
  if (list.length > 0) return list;
  return refuse(
    scope,
    `${option} is empty, so the rule would match nothing; name at least one, or leave it out for all`,
  );
}

/** CDK adds patterns up: what it would add to ours would widen the rule. */
function narrowing(scope: Construct, pattern: EventPattern): EventPattern {
  const { source, detailType } = pattern;
  if (source === undefined && detailType === undefined && pattern.detail?.["lease"] === undefined) {
    return pattern;
  }
  return refuse(
    scope,
    "eventPattern has source, detailType or detail.lease, which would widen the rule; use changes and leaseNames",
  );
}

function checkBus(scope: Construct, { env }: IEventBus): void {
  checkSamePlace(
    scope,
    env,
    (what, there, here) =>
      `the bus is in ${what} ${there}, and the rule would be in ${here}; make the rule in the bus's ${what}, and send from ` +
      "there to a bus of this one",
  );
}
