import { App, Duration, Stack, Stage } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { EventBus } from "aws-cdk-lib/aws-events";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { scheduledTick } from "../../lib/client/invocation-event.ts";
import {
  type ILeaseTable,
  LeaderSchedule,
  LeadershipChange,
  LeadershipEvents,
  LeaseTable,
} from "../../lib/cdk/index.ts";
import { context, withMiddy, withWrapper } from "../middy/invocations.ts";
import { manual } from "../support/manual.ts";
import { inlineFunction } from "./inline-function.ts";

function woken(app: Construct = new App()) {
  const home = new Stack(app, "Home");
  const table = new LeaseTable(home, "Leases");
  const events = new LeadershipEvents(home, "Leadership", { table });
  const stack = new Stack(app, "Jobs");
  const jobOf = (id: string, leaseName: string, of: ILeaseTable = table) =>
    new LeaderSchedule(stack, id, {
      table: of,
      leaseName,
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      handler: inlineFunction(stack, `${id}Handler`),
    });
  return { stack, home, table, job: jobOf("Report", "report"), events, jobOf };
}

const warnings = (stack: Stack): string[] =>
  Annotations.fromStack(stack)
    .findWarning("*", Match.stringLikeRegexp("wakeOnRelease"))
    .map(({ entry }) => JSON.stringify(entry.data));

describe("a schedule's job that releases wake", () => {
  it("is invoked with the event when another lease is released; what fails ends in its dead-letter queue", () => {
    const { stack, table, job, events } = woken();
    job.wakeOnRelease(events, "import", "billing");
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Events::Rule", {
      EventPattern: {
        source: ["leasehold"],
        "detail-type": [LeadershipChange.RELEASED],
        resources: [stack.resolve(table.tableArn) as unknown],
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

  it("is let have a lease of its own lease's name in another table, and jobs of other tables that use the same names", () => {
    const { stack, home, job, jobOf } = woken();
    const others = new LeaseTable(home, "Others");
    const ofOthers = new LeadershipEvents(home, "OtherLeadership", { table: others });
    job.wakeOnRelease(ofOthers, "report", "import");
    jobOf("OtherImport", "import").wakeOnRelease(ofOthers, "report");
    expect(warnings(stack)).toEqual([]);
    const back = jobOf("OtherReport", "report", others);
    expect(() => back.wakeOnRelease(ofOthers, "report")).toThrow(/the lease that the job itself holds/);
  });

  it("is refused a circle that goes through two tables", () => {
    const { home, events, job, jobOf } = woken();
    const others = new LeaseTable(home, "Others");
    const ofOthers = new LeadershipEvents(home, "OtherLeadership", { table: others });
    jobOf("OtherImport", "import", others).wakeOnRelease(events, "report");
    expect(() => job.wakeOnRelease(ofOthers, "import")).toThrow(
      /circle of jobs.*a release of "report", then of "import", then of "report"/,
    );
  });

  it("is let be deployed twice: the jobs of two stages are others", () => {
    const app = new App();
    const [beta, live] = ["Beta", "Live"].map((id) => woken(new Stage(app, id)));
    beta?.job.wakeOnRelease(beta.events, "import");
    live?.jobOf("Import", "import").wakeOnRelease(live.events, "report");
    for (const made of [beta, live]) if (made !== undefined) expect(warnings(made.stack)).toEqual([]);
  });

  it("is warned where the events may be of its own table: with none named, or one that is known only at deployment", () => {
    const bus = (stack: Stack) => EventBus.fromEventBusName(stack, "Bus", "leadership");
    const itself = woken();
    const unnamed = LeadershipEvents.fromEventBus(itself.stack, "Unnamed", bus(itself.stack));
    itself.job.wakeOnRelease(unnamed, "report");
    expect(warnings(itself.stack)).toEqual([
      expect.stringMatching(/may be the lease that the job itself holds.*give the events their tableArn/),
    ]);

    const circle = woken();
    const tableArn = StringParameter.valueForStringParameter(circle.stack, "/leasehold/leases/table-arn");
    const late = LeadershipEvents.fromEventBus(circle.stack, "Late", bus(circle.stack), { tableArn });
    circle.jobOf("Import", "import").wakeOnRelease(circle.events, "report");
    circle.job.wakeOnRelease(late, "import");
    expect(warnings(circle.stack)).toEqual([expect.stringMatching(/may close a circle of jobs/)]);
  });

  it("is refused its own lease where another app's events name its table", () => {
    const stack = new Stack(new App(), "Jobs", { env: { region: "eu-central-1", account: "111111111111" } });
    const job = new LeaderSchedule(stack, "Report", {
      table: LeaseTable.fromTableName(stack, "Leases", "leases"),
      leaseName: "report",
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      handler: inlineFunction(stack, "Handler"),
    });
    const from = (id: string, tableName: string) =>
      LeadershipEvents.fromEventBus(stack, id, EventBus.fromEventBusName(stack, `${id}Bus`, "leadership"), {
        tableArn: `arn:aws:dynamodb:eu-central-1:111111111111:table/${tableName}`,
      });
    expect(() => job.wakeOnRelease(from("Own", "leases"), "report")).toThrow(/that the job itself holds/);
    job.wakeOnRelease(from("Other", "others"), "report");
    expect(warnings(stack)).toEqual([]);
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
