import { App, Duration, Stack } from "aws-cdk-lib";
import { Repository } from "aws-cdk-lib/aws-ecr";
import {
  Code,
  DockerImageCode,
  DockerImageFunction,
  Function as LambdaFunction,
  type IFunction,
  Runtime,
  RuntimeFamily,
} from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { describe, expect, it } from "vitest";
import { LeaderSchedule, type LeaderScheduleProps, LeaseTable } from "../../lib/cdk/index.ts";
import { inlineFunction } from "./inline-function.ts";

/** Schedules what is made of a stack. */
function scheduling(make: (stack: Stack) => IFunction, props: Partial<LeaderScheduleProps> = {}) {
  const stack = new Stack(new App(), "Test");
  const handler = make(stack);
  const table = LeaseTable.fromTableName(stack, "Leases", "leases");
  const schedule = ScheduleExpression.rate(Duration.minutes(5));
  return () => new LeaderSchedule(stack, "Job", { table, leaseName: "close", schedule, handler, ...props });
}

describe("a leader schedule is refused a handler", () => {
  it("whose environment cannot be set", () => {
    const arn = "arn:aws:lambda:eu-central-1:111111111111:function:other";
    expect(scheduling((stack) => LambdaFunction.fromFunctionArn(stack, "Other", arn))).toThrow(
      /handler is Test\/Other, whose environment cannot be set here: .* imported/,
    );
    const handler = (stack: Stack) => inlineFunction(stack, "Handler");
    expect(scheduling((stack) => handler(stack).currentVersion)).toThrow(/environment cannot be set here/);
    expect(scheduling((stack) => handler(stack).addAlias("live"))).toThrow(/environment cannot be set here/);
  });

  it("of another stack, since each of the two stacks would need the other first", () => {
    const elsewhere = (stack: Stack) => inlineFunction(new Stack(stack.node.root, "Other"), "Handler");
    expect(scheduling(elsewhere)).toThrow(
      /Test\/Job: handler is Other\/Handler, of the stack Other, and this schedule is in Test.*make the schedule in the handler's stack/,
    );
  });

  it("together with properties that would not reach it", () => {
    const props = { memorySize: 512, timeout: Duration.seconds(9) };
    expect(scheduling((stack) => inlineFunction(stack, "Handler"), props)).toThrow(
      /timeout, memorySize would not reach the given handler/,
    );
  });

  it("that runs on a Node that the client does not run on; another language is its own business", () => {
    const code = Code.fromInline("exports.handler = async () => {};");
    const on = (runtime: Runtime) =>
      scheduling(
        (stack) => new LambdaFunction(stack, "Handler", { runtime, handler: "index.handler", code }),
      );
    for (const old of ["nodejs20.x", "nodejs18.x", "nodejs4.3", "nodejs"]) {
      expect(on(new Runtime(old, RuntimeFamily.NODEJS, { supportsInlineCode: true })), old).toThrow(
        `Test/Job: the runtime of handler Test/Handler is ${old}, but the client needs Node 22 or later; give lambda.Runtime.NODEJS_24_X`,
      );
    }
    for (const runtime of [Runtime.NODEJS_22_X, Runtime.NODEJS_LATEST, Runtime.PYTHON_3_13]) {
      expect(on(runtime), runtime.name).not.toThrow();
    }
    const image = (stack: Stack): IFunction => {
      const repository = Repository.fromRepositoryName(stack, "Images", "images");
      return new DockerImageFunction(stack, "Handler", { code: DockerImageCode.fromEcr(repository) });
    };
    expect(scheduling(image)).not.toThrow();
  });
});
