import { Duration, Token, Validations } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { AlarmSet, type AlarmSetProps, filled } from "./alarm-set.ts";
import { checkCount, refuse } from "./checks.ts";
import type { LeaderSchedule } from "./leader-schedule.ts";
import type { LeadershipMetrics } from "./leadership-metrics.ts";
import { quietMs, windowOf } from "./silence.ts";

/** What {@link LeadershipAlarms} watch. */
export interface LeadershipAlarmsProps extends AlarmSetProps {
  /** The metrics of the lease. */
  readonly metrics: LeadershipMetrics;
  /**
   * The schedule that the lease is of: how long it may be silent follows from it, and its missed occurrences and dead letters are
   * alarmed as well.
   * @default - none: a long-lived service, somebody of which has to lead all the time
   */
  readonly schedule?: LeaderSchedule;
  /**
   * For how long nobody may lead: a minute to a week. Leaders tell at each renewal, so it has to be longer than the renewal interval.
   * @default - 5 minutes; of a schedule three of its longest gaps, or one where three are more than the seven days that
   *   CloudWatch looks back, and in either case the delivery and a run
   */
  readonly noLeaderFor?: Duration;
  /**
   * From how many changes on leadership flaps, within a quarter of an hour (of a schedule within ten of its gaps, a quarter of an
   * hour at least and a day at most): terms begun; of a schedule, where every occurrence begins one, terms lost or taken over.
   * @default 5; of a schedule 3
   */
  readonly flapsFrom?: number;
  /**
   * The resources of the `FenceGuard`s that the lease's leaders write through, nine at most. A guard tells of a stale write under the
   * name of its resource, so without this the alarm does not hear it.
   * @default - none: the alarm is on stale writes that are told of under the lease's name
   */
  readonly guardedResources?: readonly string[];
  /**
   * From when on a wall clock is wrong. Elections are right whatever clocks say; it costs a request for each claim.
   * @default Duration.seconds(1)
   */
  readonly clockSkewFrom?: Duration;
}

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const FIVE_MINUTES = Duration.minutes(5);
/** Failed requests within five minutes: more than one that was retried, less than an outage of a minute with default settings. */
const FAILED_REQUESTS = 10;
/** An alarm takes ten metrics; one of them is the lease's. */
const MOST_RESOURCES = 9;

/**
 * Alarms on one election: nobody leads, leadership flaps, storage refused a stale write, requests fail, a clock is wrong; of a
 * schedule also that an occurrence was missed or given up. docs/guides/alarms.md says when each is on, also in the first hour after
 * a deployment and for a job that runs once a night.
 *
 * Its metrics are those that `reportLeaseEvents` of `leasehold/powertools` writes in the processes that contend.
 */
export class LeadershipAlarms extends Construct {
  /** The alarms, for a composite alarm or a dashboard. */
  readonly alarms: readonly Alarm[];
  readonly #props: LeadershipAlarmsProps;
  readonly #set: AlarmSet;

  constructor(scope: Construct, id: string, props: LeadershipAlarmsProps) {
    super(scope, id);
    const { metrics, schedule } = props;
    this.#props = props;
    this.#set = new AlarmSet(this, props);
    this.alarms = this.#set.alarms;
    if (schedule !== undefined && schedule.leaseName !== metrics.leaseName) {
      refuse(
        this,
        `metrics are of the lease "${metrics.leaseName}", but ${schedule.node.path} elects for "${schedule.leaseName}"; give the metrics of that`,
      );
    }
    if (schedule === undefined) this.#noLeader(props.noLeaderFor ?? FIVE_MINUTES);
    else this.#ofSchedule(schedule);
    this.#flapping();
    this.#faults();
  }

  #ofSchedule(schedule: LeaderSchedule): void {
    const { longestGap: gap, timeout } = schedule;
    const lease = nameIn(schedule.leaseName);
    this.#set.add("GivenUp", {
      means: `An occurrence of "${lease}" was given up after its last attempt; it waits in the dead-letter queue.`,
      see: "a-schedule-is-silent",
      metric: schedule.metricDeadLetters({ period: FIVE_MINUTES }),
      threshold: 1,
    });
    const quiet = (gaps: number): number => quietMs(gap ?? Duration.days(8), timeout, gaps);
    const missed = windowOf(quiet(1));
    if (gap === undefined || missed === undefined) {
      Validations.of(this).addWarning(
        "leasehold:silence-not-alarmed",
        `nothing alarms when ${schedule.node.path} stops running: CloudWatch looks back seven days, and ` +
          `${gap === undefined ? "how often it runs was not worked out (it is disabled, runs once or on one day alone, or is in another form)" : "it may be silent for longer"}; ` +
          "watch its dead letters, and have its work tell when it is done",
      );
      if (this.#props.noLeaderFor !== undefined) this.#noLeader(this.#props.noLeaderFor);
      return;
    }
    const forMs = missed.period.toMilliseconds() * missed.periods;
    this.#set.add("TickMissed", {
      means: `No occurrence of "${lease}" was done for ${told(forMs)}, longer than from one to the next. It is on as well before the first occurrence after the first deployment.`,
      see: "a-schedule-is-silent",
      metric: filled([this.#props.metrics.metricTicksDone({ period: missed.period })], {
        period: missed.period,
        label: "occurrences done",
      }),
      threshold: 1,
      below: true,
      periods: missed.periods,
    });
    const forMost = windowOf(quiet(3)) === undefined ? quiet(1) : quiet(3);
    this.#noLeader(this.#props.noLeaderFor ?? Duration.millis(forMost));
  }

  #noLeader(duration: Duration): void {
    if (duration.isUnresolved()) {
      refuse(
        this,
        "noLeaderFor is known only at deployment, but synthesis has to choose the alarm's periods by it; give a minute to a week",
      );
    }
    const window = windowOf(duration.toMilliseconds());
    if (window === undefined || duration.toMilliseconds() < 60_000) {
      return refuse(
        this,
        `noLeaderFor is ${duration.toMilliseconds()} ms, but has to be from a minute to just under seven days`,
      );
    }
    const { metrics } = this.#props;
    const { period, periods } = window;
    this.#set.add("NobodyLeads", {
      means: `Nobody has led "${nameIn(metrics.leaseName)}" for ${told(period.toMilliseconds() * periods)}: no process says that it leads, or none runs. It is on as well until the first one leads after the first deployment.`,
      see: "nobody-leads",
      metric: filled([metrics.metricLeader({ period })], { period, label: "somebody leads" }),
      threshold: 1,
      below: true,
      periods,
    });
  }

  #flapping(): void {
    const { metrics, schedule, flapsFrom } = this.#props;
    const gapMs = schedule?.longestGap?.toMilliseconds() ?? 0;
    const minutes = Math.ceil(Math.min(DAY_MS, Math.max(QUARTER_MS, 10 * gapMs)) / 60_000);
    const period = Duration.minutes(minutes);
    const changes =
      schedule === undefined
        ? [metrics.metricTermsBegun({ period })]
        : [metrics.metricTermsLost({ period }), metrics.metric("TermsTakenOver", { period })];
    const threshold = checkCount(this, flapsFrom ?? (schedule === undefined ? 5 : 3), "flapsFrom");
    this.#set.add("LeadershipFlaps", {
      means: `Leadership of "${nameIn(metrics.leaseName)}" changed at least ${threshold} times within ${told(minutes * 60_000)}: leaders crash, lose their terms, or give way to each other.`,
      see: "leadership-flaps",
      metric: filled(changes, { period, label: "changes of leadership" }),
      threshold,
    });
  }

  #faults(): void {
    const { metrics, guardedResources = [], clockSkewFrom = Duration.seconds(1) } = this.#props;
    if (guardedResources.length > MOST_RESOURCES) {
      refuse(
        this,
        `guardedResources has ${guardedResources.length} names, but an alarm of CloudWatch takes nine at most beside the lease; ` +
          "make further alarms of metricFencedWrites for the rest",
      );
    }
    const writers = [metrics, ...guardedResources.map((resource) => metrics.of(resource))];
    const leaseName = nameIn(metrics.leaseName);
    const period = FIVE_MINUTES;
    this.#set.add("WritesFenced", {
      means: `Storage refused a write of an older term of "${leaseName}": a former leader went on working. Nothing was harmed; find out why it did not stop.`,
      see: "two-say-they-lead",
      metric: filled(
        writers.map((one) => one.metricFencedWrites({ period })),
        { period, label: "writes refused" },
      ),
      threshold: 1,
    });
    this.#set.add("RequestsFail", {
      means: `Requests of the candidates for "${leaseName}" fail: the table is out of reach, throttles, or refuses them.`,
      see: "the-table-throttles",
      metric: filled([metrics.metric("RequestsFailed", { period })], { period, label: "requests failed" }),
      threshold: FAILED_REQUESTS,
    });
    this.#set.add("ClockWrong", {
      means: `The wall clock of a process that claimed "${leaseName}" is wrong. The election is not harmed; each claim costs a request more.`,
      see: "leadership-flaps",
      metric: filled([metrics.metric("ClockSkew", { period })], { period, label: "clock wrong by, in ms" }),
      threshold: checkCount(this, skewMs(this, clockSkewFrom), "clockSkewFrom, in ms,"),
    });
  }
}

/** CDK turns no other unit of what is known only at deployment into milliseconds. */
function skewMs(scope: Construct, from: Duration): number {
  if (from.isUnresolved() && from.unitLabel() !== Duration.millis(1).unitLabel()) {
    refuse(
      scope,
      `clockSkewFrom is known only at deployment, in ${from.unitLabel()}; give it in milliseconds, Duration.millis(…)`,
    );
  }
  return from.toMilliseconds({ integral: false });
}

/** A lease's name in a description, which CloudWatch takes up to 1,024 characters of. A token is put in later, whatever its length. */
function nameIn(lease: string): string {
  return Token.isUnresolved(lease) || lease.length <= 200 ? lease : `${lease.slice(0, 200)}…`;
}

/** A length of time, in words for whoever is woken. */
function told(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 180 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
