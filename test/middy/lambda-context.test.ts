import type { Context } from "aws-lambda";
import { describe, expectTypeOf, it } from "vitest";
import type { LambdaContext } from "../../lib/middy/index.ts";

describe("the context of a handler", () => {
  it("is the one of @types/aws-lambda, in either direction", () => {
    expectTypeOf<Context>().toExtend<LambdaContext>();
    expectTypeOf<LambdaContext>().toExtend<Context>();
    expectTypeOf<keyof LambdaContext>().toEqualTypeOf<keyof Context>();
  });
});
