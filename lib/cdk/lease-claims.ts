import { Stack, Token, Validations } from "aws-cdk-lib";
import type { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import type { IConstruct } from "constructs";
import type { ILeaseTable } from "./lease-table.ts";
import { type Answer, both, isSameTable, sameWhere } from "./same-table.ts";
import { isUtc } from "./time-zone.ts";
import { type Clash, findClash, readTimetable, type ScheduleText } from "./timetable.ts";

/** What a scheduled job claims of a lease. */
export interface LeaseClaim {
  /** The construct that makes the schedule. */
  readonly scope: IConstruct;
  readonly table: ILeaseTable;
  readonly leaseName: string;
  readonly schedule: CfnSchedule;
  /** How long after an occurrence another may find the lease held, in ms. */
  readonly neededMs: number;
}

/** Found by key and not by class, since an app may hold another copy of the library. */
const CLAIM = Symbol.for("leasehold.LeaseClaim");
const UNDECIDED = "leasehold:schedules-on-one-lease";

/**
 * Has synthesis compare a job with every other of the app on the same lease: an occurrence that comes while another job holds the
 * lease, or after a later one was done, is refused and never runs. What cannot be decided becomes a warning.
 *
 * Judged at the end, on the schedules as they will be synthesized. Raw overrides of the template are not seen.
 */
export function claimLease(claim: LeaseClaim): void {
  Object.defineProperty(claim.scope, CLAIM, { value: claim });
  claim.scope.node.addValidation({ validate: () => clashesBefore(claim) });
}

/** What is wrong between a claim and those that stand before it in the app, so that each pair is told once. */
function clashesBefore(claim: LeaseClaim): string[] {
  const faults: string[] = [];
  for (const construct of claim.scope.node.root.node.findAll()) {
    if (construct === claim.scope) break;
    const earlier = (construct as { readonly [CLAIM]?: LeaseClaim })[CLAIM];
    if (earlier === undefined) continue;
    const fault = judge(earlier, claim);
    if (fault?.certain === true) faults.push(fault.message);
    if (fault?.certain === false) Validations.of(claim.scope).addWarning(UNDECIDED, fault.message);
  }
  return faults;
}

function judge(
  earlier: LeaseClaim,
  later: LeaseClaim,
): { readonly certain: boolean; readonly message: string } | undefined {
  const lease = both(isSameName(earlier, later), isSameTable(earlier.table, later.table));
  const [one, other] = [scheduleText(earlier), scheduleText(later)];
  if (lease === "no" || one === "off" || other === "off" || isOneJobInTwoRegions(earlier, later))
    return undefined;
  const who =
    `this schedule, ${shown(other)}, and that of ${earlier.scope.node.path}, ${shown(one)}, elect for the lease ` +
    `"${later.leaseName}" in ${later.table.node.path}`;
  const timetables = [one, other].map((text) => (text === undefined ? undefined : readTimetable(text)));
  const [first, second] = timetables;
  if (first === undefined || second === undefined) {
    return {
      certain: false,
      message: `${who}. Whether both can be due at one time was not worked out; ${REMEDY}`,
    };
  }
  const clash = findClash(
    { timetable: first, neededMs: earlier.neededMs },
    { timetable: second, neededMs: later.neededMs },
    Date.now(),
  );
  if (clash === undefined) return undefined;
  const floats = timetables.some((timetable) => timetable?.kind === "floating");
  const message = `${who}, and ${explain(earlier, later, clash, floats)}; ${REMEDY}`;
  if (lease === "yes" && clash.byRepeatedTime === undefined) return { certain: true, message };
  if (lease === "yes") return { certain: false, message: `${message}. ${REPEATED}` };
  return { certain: false, message: `${message}. Whether the lease is the same is known only at deployment` };
}

const REMEDY = "make them one schedule, or give each job a lease of its own";

const REPEATED =
  "They meet only where clocks are set back: AWS says that Scheduler runs such a time once, and not at which of its two instants";

function explain(earlier: LeaseClaim, later: LeaseClaim, { first, second }: Clash, floats: boolean): string {
  const at = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
  if (floats) {
    const when = `can both be due at one time, for example at ${at(first)}, where the second never runs`;
    return `${when} (a rate counts from its deployment; cron expressions can be kept apart)`;
  }
  if (first === second) return `are both due at ${at(first)}, for example, where the second never runs`;
  const [before, after, neededMs] =
    first < second ? [first, second, earlier.neededMs] : [second, first, later.neededMs];
  return (
    `are due at ${at(before)} and ${at(after)}, for example, ${after - before} ms apart, while the first may need the ` +
    `lease for ${neededMs} ms (its timeout, or the recovery from a crash), so that the second never runs`
  );
}

/** The schedule as it will be synthesized; undefined where some of it is known only at deployment. */
function scheduleText({ schedule }: LeaseClaim): ScheduleText | "off" | undefined {
  const { state, scheduleExpression: expression, scheduleExpressionTimezone: timeZone } = schedule;
  const { startDate: start, endDate: end } = schedule;
  if (state === "DISABLED") return "off";
  const text = { expression, timeZone, start, end };
  return Token.isUnresolved(text.expression) || [timeZone, start, end, state].some(Token.isUnresolved)
    ? undefined
    : text;
}

function shown(text: ScheduleText | undefined): string {
  if (text === undefined) return "which is known only at deployment";
  return isUtc(text.timeZone) ? text.expression : `${text.expression} in ${text.timeZone}`;
}

/** The same calendar in two regions has the same ticks, and the election lets one region do each: that is what it is for. */
function isOneJobInTwoRegions(one: LeaseClaim, other: LeaseClaim): boolean {
  const [here, there] = [one, other].map(({ scope }) => Stack.of(scope).region);
  if (here === there || Token.isUnresolved(here) || Token.isUnresolved(there)) return false;
  const [a, b] = [one, other].map(({ schedule }) => schedule);
  return (
    a !== undefined &&
    a.scheduleExpression === b?.scheduleExpression &&
    a.scheduleExpressionTimezone === b.scheduleExpressionTimezone &&
    !a.scheduleExpression.trim().startsWith("rate")
  );
}

function isSameName(one: LeaseClaim, other: LeaseClaim): Answer {
  if (one.leaseName === other.leaseName) return sameWhere(one.scope, other.scope, one.leaseName);
  return [one, other].some(({ leaseName }) => Token.isUnresolved(leaseName)) ? "unknown" : "no";
}
