import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Duration } from "aws-cdk-lib";
import type { Construct } from "constructs";

/** A function that needs no bundling, for tests about all else. */
export function inlineFunction(scope: Construct, id: string, timeout?: Duration): LambdaFunction {
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: "index.handler",
    code: Code.fromInline("exports.handler = async () => {};"),
    ...(timeout === undefined ? {} : { timeout }),
  });
}
