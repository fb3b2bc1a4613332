import { Duration, Stack, Token } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IWidget,
  Metric,
  Stats,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { refuse } from "./checks.ts";
import type { LeadershipMetricName, LeadershipMetrics } from "./leadership-metrics.ts";
import type { ILeaseTable } from "./lease-table.ts";
import { TABLE_OPERATIONS, tableMetric } from "./lease-table-alarms.ts";

/** What a {@link LeadershipDashboard} shows. */
export interface LeadershipDashboardProps {
  /** The elections, from top to bottom; one at least. */
  readonly elections: readonly LeadershipMetrics[];
  /**
   * The table that they are held in.
   * @default - none: nothing of the table is shown
   */
  readonly table?: ILeaseTable;
  /**
   * Alarms to show the states of: those of `LeadershipAlarms` and `LeaseTableAlarms`.
   * @default - none
   */
  readonly alarms?: readonly IAlarm[];
  /**
   * The dashboard's name.
   * @default - CloudFormation makes one up
   */
  readonly dashboardName?: string;
}

/** What a graph of an election shows. */
interface Graph {
  readonly title: string;
  readonly metrics: readonly LeadershipMetricName[];
  readonly unit?: string;
}

/** Four to a row. */
const GRAPHS: readonly Graph[] = [
  { title: "somebody leads, shards led at most", metrics: ["Leader", "ShardsLed"] },
  {
    title: "terms",
    metrics: ["TermsBegun", "TermsReleased", "TermsHandedOver", "TermsTakenOver", "TermsLost"],
  },
  { title: "occurrences, refusals", metrics: ["TicksDone", "TicksMissed", "CampaignsRefused"] },
  { title: "stale writes refused", metrics: ["FencedWrites"] },
  { title: "left of the term at a renewal", metrics: ["RemainingAtRenewal"], unit: "ms, minimum" },
  { title: "renewals take", metrics: ["RenewalLatency"], unit: "ms, p99" },
  { title: "failures", metrics: ["RenewalsFailed", "RequestsFailed", "WorkFailed"] },
  { title: "without contact, clock wrong by", metrics: ["TimeSinceContact", "ClockSkew"], unit: "ms" },
];

const WIDTH = 24;

/**
 * A dashboard of elections: who leads, terms, occurrences, renewals, refused writes and trouble of each, and the table's own
 * metrics. Holders are not on it: they change with every process. `leasehold watch` shows them.
 */
export class LeadershipDashboard extends Construct {
  /** The dashboard, to add widgets to. */
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: LeadershipDashboardProps) {
    super(scope, id);
    const { elections, table, alarms = [], dashboardName } = props;
    if (elections.length === 0) refuse(this, "elections is empty; give the metrics of one lease at least");
    this.dashboard = new Dashboard(this, "Dashboard", {
      defaultInterval: Duration.hours(3),
      ...(dashboardName === undefined ? {} : { dashboardName }),
    });
    if (alarms.length > 0) {
      this.dashboard.addWidgets(
        new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: WIDTH, height: 4 }),
      );
    }
    for (const election of elections) this.#election(election);
    if (table !== undefined) this.#table(table);
  }

  #election(election: LeadershipMetrics): void {
    const { leaseName, serviceName } = election;
    this.#title(`Lease ${leaseName}, by ${serviceName}`);
    const graphs = GRAPHS.map(({ title, metrics, unit }) => {
      const left = metrics.map((name) => election.metric(name));
      return graph(title, left, WIDTH / 4, unit);
    });
    this.dashboard.addWidgets(...graphs.slice(0, 4));
    this.dashboard.addWidgets(...graphs.slice(4));
  }

  #table(table: ILeaseTable): void {
    this.#title("The lease table");
    const there = elsewhere(this, table);
    const over = (name: Parameters<typeof tableMetric>[1]): Metric[] =>
      TABLE_OPERATIONS.map((operation) => tableMetric(table, name, operation, there));
    const userErrors = new Metric({
      namespace: "AWS/DynamoDB",
      metricName: "UserErrors",
      statistic: Stats.SUM,
      period: Duration.minutes(5),
      ...there,
    });
    this.dashboard.addWidgets(
      graph("throttled requests", over("ThrottledRequests"), WIDTH / 4),
      graph("failures of DynamoDB", over("SystemErrors"), WIDTH / 4),
      graph("requests take", over("SuccessfulRequestLatency"), WIDTH / 4, "ms, p99"),
      graph("wrong requests, of the whole account and region", [userErrors], WIDTH / 4),
    );
  }

  #title(markdown: string): void {
    this.dashboard.addWidgets(new TextWidget({ markdown: `## ${markdown}`, width: WIDTH, height: 1 }));
  }
}

/** Where a table's metrics are kept, as far as that is known to be elsewhere than the dashboard. */
function elsewhere(scope: Construct, { env }: ILeaseTable): { region?: string; account?: string } {
  const here = Stack.of(scope);
  const differs = (what: "region" | "account"): boolean =>
    env[what] !== here[what] && !Token.isUnresolved(env[what]) && !Token.isUnresolved(here[what]);
  return {
    ...(differs("region") ? { region: env.region } : {}),
    ...(differs("account") ? { account: env.account } : {}),
  };
}

function graph(title: string, left: Metric[], width: number, label?: string): IWidget {
  const leftYAxis = label === undefined ? { min: 0 } : { min: 0, label, showUnits: false };
  return new GraphWidget({ title, left, width, height: 6, leftYAxis });
}
