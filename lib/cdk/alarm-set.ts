import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  MathExpression,
  type MetricOptions,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { checkSamePlace } from "./checks.ts";

/** Whom alarms tell, and where they say to look. */
export interface AlarmSetProps {
  /**
   * Where to tell of an alarm, and of its end. Its access policy, and the policy of its key, have to let CloudWatch publish.
   * @default - none: whoever looks sees the alarms in the console and on the dashboard
   */
  readonly topic?: ITopic;
  /**
   * What else to do on an alarm.
   * @default - nothing
   */
  readonly actions?: readonly IAlarmAction[];
  /**
   * Whether alarms tell anybody. `false` lets a first deployment come up quietly: alarms that miss a leader are on until there is one.
   * @default true
   */
  readonly actionsEnabled?: boolean;
  /**
   * Where the runbook is that descriptions point into.
   * @default "docs/runbook.md", in this package
   */
  readonly runbook?: string;
}

/** The parts of the runbook. */
export type RunbookPart =
  | "nobody-leads"
  | "two-say-they-lead"
  | "leadership-flaps"
  | "a-schedule-is-silent"
  | "the-table-throttles"
  | "changes-are-not-told"
  | "a-leader-is-stuck";

/** One alarm: what it means, and when it is on. */
export interface AlarmPlan {
  readonly means: string;
  readonly see: RunbookPart;
  readonly metric: IMetric;
  /** On while the metric is at least this much in every one of the periods, or below where `below` says so. */
  readonly threshold: number;
  readonly below?: true;
  /** @default 1 */
  readonly periods?: number;
}

/** Makes alarms that tell the same people. */
export class AlarmSet {
  /** Those made so far. */
  readonly alarms: Alarm[] = [];
  readonly #scope: Construct;
  readonly #props: AlarmSetProps;

  constructor(scope: Construct, props: AlarmSetProps) {
    this.#scope = scope;
    this.#props = props;
    if (props.topic !== undefined) checkTopic(scope, props.topic);
  }

  /**
   * Makes an alarm. Where nothing is known counts as a breach for what has to be there (`below`), and as none for what should not be.
   * Metrics are filled with zeros beforehand: CloudWatch looks further back than it is told to where points are missing, and would
   * alarm periods late (docs/adr/0024-alarms-on-silence.md).
   */
  add(id: string, { means, see, metric, threshold, below, periods = 1 }: AlarmPlan): Alarm {
    const { actions = [], topic, actionsEnabled = true, runbook = "docs/runbook.md" } = this.#props;
    const alarm = new Alarm(this.#scope, id, {
      metric,
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      comparisonOperator: below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: below ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: `${means} Runbook: ${runbook}#${see}`,
      actionsEnabled,
    });
    alarm.addAlarmAction(...actions);
    if (topic !== undefined) {
      const tell = new SnsAction(topic);
      alarm.addAlarmAction(tell);
      alarm.addOkAction(tell);
    }
    this.alarms.push(alarm);
    return alarm;
  }
}

/** CloudWatch tells topics of its own region only. One of another account may let it publish. */
function checkTopic(scope: Construct, { env: { region } }: ITopic): void {
  checkSamePlace(
    scope,
    { region, account: Stack.of(scope).account },
    (what, there, here) =>
      `the topic is in ${what} ${there}, and its alarms in ${here}, from where CloudWatch does not reach it; give a topic of ${here}`,
  );
}

/** The sum of metrics, each with zeros where it has no points. By `SUM` and not `+`: that knows nothing where one was never written. */
export function filled(
  metrics: readonly IMetric[],
  { period = Duration.minutes(1), label, color }: Pick<MetricOptions, "period" | "label" | "color"> = {},
): MathExpression {
  const parts = metrics.map((_, nth) => `FILL(m${nth}, 0)`);
  return new MathExpression({
    expression: parts.length === 1 ? parts.join() : `SUM([${parts.join(", ")}])`,
    usingMetrics: Object.fromEntries(metrics.map((metric, nth) => [`m${nth}`, metric])),
    period,
    ...(label === undefined ? {} : { label }),
    ...(color === undefined ? {} : { color }),
  });
}
