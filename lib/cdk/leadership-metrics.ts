import { Duration, Lazy, Token } from "aws-cdk-lib";
import { Metric, type MetricOptions, Stats } from "aws-cdk-lib/aws-cloudwatch";
import {
  DEFAULT_NAMESPACE,
  DIMENSIONS,
  dimensionValue,
  METRICS,
  uncutDimension,
} from "../diagnostics/catalogue.ts";

/** Where the metrics of one lease are found. */
export interface LeadershipMetricsProps {
  /** The lease. Where some of its name is known only at deployment, it has to be of 255 characters at most then. */
  readonly leaseName: string;
  /**
   * What Powertools calls the service whose processes contend: the dimension `service`, which it adds to each metric. 1 to 255
   * printable characters of ASCII.
   */
  readonly serviceName: string;
  /**
   * The namespace that Powertools writes to.
   * @default "Leasehold"
   */
  readonly namespace?: string;
  /**
   * Dimensions that Powertools adds besides: the `defaultDimensions` of your `Metrics`.
   * @default - none
   */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** A metric of CloudWatch that `reportLeaseEvents` of `leasehold/powertools` writes; docs/guides/metrics.md says what each tells. */
export type LeadershipMetricName = (typeof METRICS)[keyof typeof METRICS]["emf"]["name"];

/** What CloudWatch takes; names that begin with "AWS/" are its own. */
const NAMESPACE = /^(?!AWS\/|:)[\w./#: -]{1,255}$/;

/** Where the sum is not what is asked for. */
const STATISTICS: Readonly<Partial<Record<LeadershipMetricName, string>>> = {
  Leader: Stats.MAXIMUM,
  ShardsLed: Stats.MAXIMUM,
  RenewalLatency: Stats.p(99),
  RemainingAtRenewal: Stats.MINIMUM,
  TimeSinceContact: Stats.MAXIMUM,
  ClockSkew: Stats.MAXIMUM,
};

/**
 * The metrics of one lease, as its processes write them by Powertools. Put `environment` into their environment, so that they write
 * where this looks. A process that names its service in code (`new Metrics({ serviceName })`) has to name it the same.
 */
export class LeadershipMetrics {
  /** The lease whose metrics these are. */
  readonly leaseName: string;
  /** The value of the dimension `service`. */
  readonly serviceName: string;
  /** The namespace of CloudWatch that they are in. */
  readonly namespace: string;
  readonly #dimensions: Readonly<Record<string, string>>;

  /** @throws {Error} naming the property that CloudWatch would not take */
  constructor(props: LeadershipMetricsProps) {
    const { leaseName, serviceName, namespace = DEFAULT_NAMESPACE, dimensions = {} } = props;
    for (const [property, value] of Object.entries({ leaseName, serviceName, namespace })) {
      if (typeof value === "string" && value.trim() !== "") continue;
      throw new Error(`LeadershipMetrics: ${property} must be text, not ${JSON.stringify(value)}`);
    }
    if (!Token.isUnresolved(serviceName) && dimensionValue(serviceName) !== serviceName) {
      throw new Error(
        `LeadershipMetrics: serviceName must be of 1 to 255 printable characters of ASCII, or CloudWatch drops its metrics, not "${serviceName.slice(0, 60)}"`,
      );
    }
    if (!Token.isUnresolved(namespace) && !NAMESPACE.test(namespace)) {
      throw new Error(
        `LeadershipMetrics: namespace must be of 1 to 255 of the characters 0-9, A-Z, a-z, ".", "-", "_", "/", "#", ":" and the space, and not begin with "AWS/" or ":", or CloudWatch drops its metrics, not "${namespace.slice(0, 60)}"`,
      );
    }
    this.leaseName = leaseName;
    this.serviceName = serviceName;
    this.namespace = namespace;
    this.#dimensions = dimensions;
  }

  /** The metrics of another lease, or of a `FenceGuard`'s resource, that the same processes write. */
  of(leaseName: string): LeadershipMetrics {
    const { serviceName, namespace } = this;
    return new LeadershipMetrics({ leaseName, serviceName, namespace, dimensions: this.#dimensions });
  }

  /** What tells Powertools where to write: for the `environment` of a function or a container. */
  get environment(): Record<string, string> {
    return {
      POWERTOOLS_SERVICE_NAME: this.serviceName,
      POWERTOOLS_METRICS_NAMESPACE: this.namespace,
    };
  }

  /**
   * One of the metrics, over all reasons. Per minute; the statistic is the maximum of `Leader`, `ShardsLed`, `TimeSinceContact` and
   * `ClockSkew`, the minimum of `RemainingAtRenewal`, the 99th percentile of `RenewalLatency`, and the sum of all others.
   * @param props changes to the metric
   */
  metric(name: LeadershipMetricName, props: MetricOptions = {}): Metric {
    return new Metric({
      namespace: this.namespace,
      metricName: name,
      dimensionsMap: {
        ...this.#dimensions,
        [DIMENSIONS.service]: this.serviceName,
        [DIMENSIONS.lease]: dimensionOf(this.leaseName),
      },
      statistic: STATISTICS[name] ?? Stats.SUM,
      period: Duration.minutes(1),
      label: name,
      ...props,
    });
  }

  /** 1 where somebody led within the period, 0 where processes say that they do not, nothing where there are none. */
  metricLeader(props: MetricOptions = {}): Metric {
    return this.metric("Leader", props);
  }

  /** The terms that began. */
  metricTermsBegun(props: MetricOptions = {}): Metric {
    return this.metric("TermsBegun", props);
  }

  /** The terms that ended without a release. */
  metricTermsLost(props: MetricOptions = {}): Metric {
    return this.metric("TermsLost", props);
  }

  /** The occurrences that were recorded as done. */
  metricTicksDone(props: MetricOptions = {}): Metric {
    return this.metric("TicksDone", props);
  }

  /** The writes of older terms that storage refused. */
  metricFencedWrites(props: MetricOptions = {}): Metric {
    return this.metric("FencedWrites", props);
  }
}

/**
 * What its processes make of a lease's name. One of which some is known only at deployment is not cut: a token would be cut in two.
 * The whole of it is one token then, since CDK counts the characters of tokens, too.
 */
function dimensionOf(lease: string): string {
  const [cut, whole] = [dimensionValue(lease), uncutDimension(lease)];
  return Token.isUnresolved(lease) && cut !== whole ? Lazy.string({ produce: () => whole }) : cut;
}
