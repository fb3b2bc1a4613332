import type { Template } from "aws-cdk-lib/assertions";

/** A metric that a template names. Dimensions that are known at deployment only are told as what they refer to. */
export interface NamedMetric {
  readonly where: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

interface MetricInAlarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

interface AlarmProperties extends Partial<MetricInAlarm> {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: MetricInAlarm } }[];
}

/** The metrics that the alarms of a template watch. */
export function metricsOfAlarms(template: Template): NamedMetric[] {
  const alarms = Object.entries(template.findResources("AWS::CloudWatch::Alarm"));
  return alarms.flatMap(([where, resource]) => {
    const { Metrics = [], ...single } = resource["Properties"] as AlarmProperties;
    const watched = [
      single as MetricInAlarm,
      ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []),
    ];
    return watched
      .filter(({ MetricName }) => MetricName !== undefined)
      .map(({ Namespace, MetricName, Dimensions = [] }) => ({
        where,
        namespace: Namespace,
        name: MetricName,
        dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, textOf(Value)])),
      }));
  });
}

/** The metrics that the dashboards of a template show. */
export function metricsOfDashboards(template: Template): NamedMetric[] {
  return Object.entries(template.findResources("AWS::CloudWatch::Dashboard")).flatMap(([where, resource]) => {
    const body = JSON.parse(joined(resource["Properties"]["DashboardBody"])) as {
      readonly widgets: readonly { readonly properties: { readonly metrics?: readonly unknown[][] } }[];
    };
    return body.widgets.flatMap(({ properties: { metrics = [] } }) =>
      metrics
        .map((metric) => metric.filter((part) => typeof part === "string"))
        .filter(({ length }) => length >= 2)
        .map(([namespace = "", name = "", ...rest]) => ({
          where,
          namespace,
          name,
          dimensions: Object.fromEntries(
            rest.flatMap((key, at) => (at % 2 === 0 ? [[key, rest[at + 1] ?? ""]] : [])),
          ),
        })),
    );
  });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A text that CloudFormation puts together, with what each part refers to in place of what it will be. */
export function joined(value: unknown): string {
  if (typeof value === "string") return value;
  const { "Fn::Join": join } = value as { readonly "Fn::Join": [string, unknown[]] };
  return join[1]
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part).replaceAll('"', "'")))
    .join(join[0]);
}
