import { App, CfnParameter, Stack } from "aws-cdk-lib";
import { describe, expect, it } from "vitest";
import { LeadershipMetrics } from "../../lib/cdk/index.ts";

describe("the metrics of a lease", () => {
  it("are found where Powertools writes them, under a name that CloudWatch takes", () => {
    const { namespace, metricName, dimensions } = new LeadershipMetrics({
      leaseName: "größe",
      serviceName: "a",
      namespace: "Mine",
      dimensions: { Stage: "test" },
    }).metricTermsBegun();
    expect({ namespace, metricName, dimensions }).toEqual({
      namespace: "Mine",
      metricName: "TermsBegun",
      dimensions: { Stage: "test", service: "a", LeaseName: "gr%u00f6%u00dfe" },
    });
    const closing = new LeadershipMetrics({ leaseName: "nightly-close", serviceName: "closing" });
    expect(closing.environment).toEqual({
      POWERTOOLS_SERVICE_NAME: "closing",
      POWERTOOLS_METRICS_NAMESPACE: "Leasehold",
    });
  });

  it("keep a name that is known only at deployment whole, however long the text around it", () => {
    const stack = new Stack(new App(), "Test");
    const { valueAsString: stage } = new CfnParameter(stack, "Stage");
    const leaseName = `ü${"p".repeat(250)}-${stage}`;
    const late = new LeadershipMetrics({ leaseName, serviceName: "a" });
    expect(stack.resolve(late.metricLeader().dimensions?.["LeaseName"]) as unknown).toEqual({
      "Fn::Join": ["", [`%u00fc${"p".repeat(250)}-`, { Ref: "Stage" }]],
    });
    const known = new LeadershipMetrics({ leaseName: "p".repeat(300), serviceName: "a" });
    expect(known.metricLeader().dimensions?.["LeaseName"]).toBe("p".repeat(255));
  });

  it("are refused without a name, or with a service's that CloudWatch would drop", () => {
    for (const names of [
      { leaseName: "", serviceName: "a" },
      { leaseName: "a", serviceName: " " },
      { leaseName: "a", serviceName: "größe" },
      { leaseName: "a", serviceName: "x".repeat(256) },
      { leaseName: "a", serviceName: "a", namespace: "" },
    ]) {
      expect(() => new LeadershipMetrics(names)).toThrow(
        /^LeadershipMetrics: (leaseName|serviceName|namespace) must be/,
      );
    }
  });
});
