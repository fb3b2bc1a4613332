import { App, Duration, Stack } from "aws-cdk-lib";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { LeaderSchedule, LeadershipEvents, LeaseTable } from "leasehold/cdk";

/** What a user of the constructs does. */
const app = new App();
const stack = new Stack(app, "Peers");
const table = new LeaseTable(stack, "Leases");
const events = new LeadershipEvents(stack, "Leadership", { table });
const job = new LeaderSchedule(stack, "Job", {
  table,
  leaseName: "job",
  schedule: ScheduleExpression.rate(Duration.minutes(5)),
  handler: new LambdaFunction(stack, "Handler", {
    runtime: Runtime.NODEJS_22_X,
    handler: "index.handler",
    code: Code.fromInline("exports.handler = async () => {};"),
  }),
});
job.wakeOnRelease(events, "import");
const { Resources } = app.synth().getStackByName("Peers").template as {
  readonly Resources: Record<string, { readonly Type: string }>;
};
console.log(JSON.stringify(Object.values(Resources).map(({ Type }) => Type)));
