import { type IResource, Resource, Stack, Validations } from "aws-cdk-lib";
import {
  type CfnRule,
  type EventPattern,
  type IEventBus,
  type OnEventOptions,
  Rule,
} from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import { checkLeaseName, checkSamePlace, checkTableArn, refuse } from "./checks.ts";
import type { LeadershipDetailType } from "./leadership-events-change.ts";
import { type ILeaseTable, LeaseTable } from "./lease-table.ts";

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
   * The leases: each of 1 to 2,048 bytes. EventBridge takes a pattern of 2,048 characters, which some fifty names of thirty characters fill, and 4,096
   * where the account's quota was raised: beyond the first there is a warning, beyond the second it is refused.
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
   * The table whose changes these are. Where it is not known, rules match the changes of every table that is told of on the bus.
   */
  readonly table?: ILeaseTable;
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
  abstract readonly table?: ILeaseTable;

  onLeadership(id: string, options: OnLeadershipOptions = {}): Rule {
    const { leaseNames, changes, target, crossStackScope, eventPattern, ...rest } = options;
    const scope = crossStackScope ?? this;
    checkBus(scope, this.eventBus);
    const rule = new Rule(scope, id, {
      ...rest,
      eventBus: this.eventBus,
      eventPattern: {
        source: [LEADERSHIP_SOURCE],
        detailType: detailTypes(scope, changes),
        ...(this.table === undefined ? {} : { resources: [this.table.tableArn] }),
      },
    });
    const lease = leaseNames?.map((name) => checkLeaseName(scope, name, "leaseNames"));
    if (lease !== undefined)
      rule.addEventPattern({ detail: { lease: notEmpty(scope, lease, "leaseNames") } });
    if (eventPattern !== undefined) rule.addEventPattern(narrowing(scope, eventPattern, this.table));
    checkSize(scope, rule, leaseNames?.length ?? 0);
    if (target !== undefined) rule.addTarget(target);
    return rule;
  }
}

/** How leadership events that another stack or app sends are described. */
export interface ImportedLeadershipEventsOptions {
  /**
   * ARN of the table whose changes are meant, as the events carry it: of the table that `LeadershipEvents` were made with. Rules then
   * match its changes alone.
   * @default - not known: rules match the changes of every table that is told of on the bus
   */
  readonly tableArn?: string;
}

/** Leadership events whose bus is known, and perhaps their table. */
export class ImportedLeadershipEvents extends LeadershipEventsBase {
  readonly eventBus: IEventBus;
  readonly table?: ILeaseTable;

  constructor(
    scope: Construct,
    id: string,
    eventBus: IEventBus,
    { tableArn }: ImportedLeadershipEventsOptions,
  ) {
    super(scope, id, { environmentFromArn: eventBus.eventBusArn });
    this.eventBus = eventBus;
    if (tableArn === undefined) return;
    checkTableArn(this, tableArn);
    this.table = LeaseTable.fromTableArn(this, "Table", tableArn);
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
function narrowing(scope: Construct, pattern: EventPattern, table: ILeaseTable | undefined): EventPattern {
  const { source, detailType, resources, detail } = pattern;
  const ours = [source, detailType, table === undefined ? undefined : resources, detail?.["lease"]];
  if (ours.every((part) => part === undefined)) return pattern;
  return refuse(
    scope,
    "eventPattern has source, detailType, resources or detail.lease, which would widen the rule; use changes and leaseNames (resources is the table of these events already)",
  );
}

/** Characters of a pattern that EventBridge takes: unasked, and at most, where its quota was raised. */
const PATTERN_BOUNDS = { unasked: 2_048, most: 4_096 };
/** What is counted for a value that is known only at deployment, such as a table's ARN. */
const UNKNOWN_VALUE = "x".repeat(100);

/** Refuses a pattern that EventBridge would refuse at deployment, and warns of one that needs a raised quota. */
function checkSize(scope: Construct, rule: Rule, leases: number): void {
  const resource = rule.node.defaultChild as CfnRule;
  const pattern = JSON.stringify(Stack.of(rule).resolve(resource.eventPattern), (_, value: unknown) =>
    isKnownLater(value) ? UNKNOWN_VALUE : value,
  );
  const told = (bound: number): string => bound.toLocaleString("en-US");
  if (pattern.length <= PATTERN_BOUNDS.unasked) return;
  const what = `the rule ${rule.node.id} has ${leases} leases and a pattern of some ${told(pattern.length)} characters, and EventBridge takes`;
  const remedy = "share the leases out over several rules, or leave leaseNames out";
  if (pattern.length > PATTERN_BOUNDS.most) {
    refuse(scope, `${what} ${told(PATTERN_BOUNDS.most)} at most; ${remedy}`);
  }
  Validations.of(rule).addWarning(
    "leasehold:pattern-size",
    `${what} ${told(PATTERN_BOUNDS.unasked)}, unless the account's quota for the size of patterns was raised to ${told(PATTERN_BOUNDS.most)}; raise it, or ${remedy}`,
  );
}

/** An intrinsic function of CloudFormation. */
function isKnownLater(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const [key = "", ...more] = Object.keys(value);
  return more.length === 0 && (key === "Ref" || key.startsWith("Fn::"));
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
