import { App, Duration, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { EventBus } from "aws-cdk-lib/aws-events";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { describe, expect, it } from "vitest";
import { scheduledTick } from "../../lib/client/invocation-event.ts";
import { LeaderSchedule, LeadershipChange, LeadershipEvents, LeaseTable } from "../../lib/cdk/index.ts";
import { context, withMiddy, withWrapper } from "../middy/invocations.ts";
import { manual } from "../support/manual.ts";
import { inlineFunction } from "./inline-function.ts";

function woken() {
  const app = new App();
  const home = new Stack(app, "Home");
  const table = new LeaseTable(home, "Leases");
  const events = new LeadershipEvents(home, "Leadership", { table });
  const stack = new Stack(app, "Jobs");
  const jobOf = (id: string, leaseName: string) =>
    new LeaderSchedule(stack, id, {
      table,
      leaseName,
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      handler: inlineFunction(stack, `${id}Handler`),
    });
  return { stack, job: jobOf("Report", "report"), events, jobOf };
}

describe("a schedule's job that releases wake", () => {
  it("is invoked with the event when another lease is released; what fails ends in its dead-letter queue", () => {
    const { stack, job, events } = woken();
    job.wakeOnRelease(events, "import", "billing");
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Events::Rule", {
      EventPattern: {
        source: ["leasehold"],
        "detail-type": [LeadershipChange.RELEASED],
        detail: { lease: ["import", "billing"] },
      },
      Targets: [
        {
          Arn: stack.resolve(job.function.functionArn) as unknown,
          DeadLetterConfig: { Arn: stack.resolve(job.deadLetterQueue.queueArn) as unknown },
          Id: "Target0",
          Input: Match.absent(),
          InputTransformer: Match.absent(),
        },
      ],
    });
  });

  it("can be woken from several buses, each by a rule of its own", () => {
    const { stack, job, events } = woken();
    const bus = EventBus.fromEventBusName(stack, "Bus", "other");
    job.wakeOnRelease(events, "import");
    job.wakeOnRelease(LeadershipEvents.fromEventBus(stack, "Other", bus), "upload");
    const template = Template.fromStack(stack);
    template.resourceCountIs("AWS::Events::Rule", 2);
    template.hasResourceProperties("AWS::Events::Rule", {
      EventBusName: "other",
      EventPattern: Match.objectLike({ detail: { lease: ["upload"] } }),
    });
  });

  it("is refused its own lease, whose releases would wake it without end, and no lease at all", () => {
    const { job, events } = woken();
    expect(() => job.wakeOnRelease(events, "import", "report")).toThrow(
      /Jobs\/Report: wakeOnRelease got the lease that the job itself holds, "report".*without end/,
    );
    expect(() => job.wakeOnRelease(events)).toThrow(/got no leaseNames/);
  });

  it("is refused leases whose jobs it wakes itself, by whatever way; a chain is none", () => {
    const { job, events, jobOf } = woken();
    jobOf("Archive", "archive").wakeOnRelease(events, "report");
    jobOf("Import", "import").wakeOnRelease(events, "archive", "upload");
    expect(() => job.wakeOnRelease(events, "upload", "import")).toThrow(
      /circle of jobs.*a release of "report", then of "archive", then of "import", then of "report"/,
    );
    job.wakeOnRelease(events, "upload");
  });
});

describe("an event of a change of leadership", () => {
  /** As a function gets it. */
  const released = {
    version: "0",
    id: "1",
    source: "leasehold",
    "detail-type": LeadershipChange.RELEASED,
    time: "2026-01-01T12:00:00Z",
    resources: [],
    detail: { lease: "import", holder: "a/1", token: 7, term: 1, cause: "vacated", changeId: "1" },
  };

  it("is no occurrence of a schedule, whatever kind it is and whatever occurrence it tells of", () => {
    for (const kind of Object.values(LeadershipChange)) {
      const detail = { ...released.detail, tick: "2026-01-01T11:00:00.000Z" };
      expect(scheduledTick({ ...released, "detail-type": kind, detail })).toBeUndefined();
    }
  });

  it("has a job lead beside its schedule, whose occurrences before and after are led as ever", async () => {
    for (const elect of [withMiddy, withWrapper]) {
      const { client, clock, table } = manual();
      const runs: unknown[] = [];
      const invoke = elect(async (event) => void runs.push(event), { leases: client(), name: "report" });
      await invoke({ tick: "2026-01-01T11:00:00Z" }, context(clock));
      await invoke(released, context(clock));
      expect(table.peek("report")?.tick, "a run without an occurrence records none").toBe(
        "2026-01-01T11:00:00.000Z",
      );
      await invoke(released, context(clock)); // Delivered twice: it runs twice.
      await invoke({ tick: "2026-01-01T12:00:00Z" }, context(clock));
      expect(runs).toHaveLength(4);
    }
  });
});
