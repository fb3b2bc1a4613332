import { Duration, Validations } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { type BundlingOptions, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

/** How the function of a scheduled job is made. */
export interface JobFunctionProps {
  /**
   * The handler's source file (TypeScript or JavaScript) as an absolute path; it exports `handler`. Bundled with
   * the project's own esbuild, never Docker, into one ES module that contains the AWS SDK: the client then runs
   * on the SDK version that its tests ran on, and a cold start reads one file.
   */
  readonly entry: string;
  /**
   * What the function does, shown in the console.
   * @default - no description
   */
  readonly description?: string;
  /**
   * How long one run may take.
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;
  /**
   * Memory in MiB, and CPU with it.
   * @default 256. Node with the SDK, a client and middy takes 70 MiB, so 128 would hold it; but CPU comes with
   * memory, and a fourteenth of a core stretches a cold start's first TLS handshake beyond the second that a
   * client with a 5 s lease allows a request
   */
  readonly memorySize?: number;
  /**
   * Environment variables.
   * @default - none beside the construct's own
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * How long logs are kept. The log group itself stays when the stack goes.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * Changes to how the entry is bundled.
   * @default - minified ES module with a source map, AWS SDK inside
   */
  readonly bundling?: BundlingOptions;
  /**
   * The lock file at the root of the project that the entry belongs to.
   * @default - the nearest lock file at or above the working directory
   */
  readonly depsLockFilePath?: string;
}

/** How long one run may take unless the job says otherwise. */
export const DEFAULT_TIMEOUT = Duration.seconds(30);

/** Packages of CommonJS inside the bundle call `require` for Node's own modules; an ES module has none. */
const REQUIRE_FOR_COMMONJS =
  'import{createRequire as leaseholdRequire}from"node:module";const require=leaseholdRequire(import.meta.url);';

/** Creates a function with a role and a log group of its own, so that it may write its logs and nobody else's. */
export function createJobFunction(scope: Construct, id: string, props: JobFunctionProps): NodejsFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: props.logRetention ?? RetentionDays.ONE_MONTH,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);

  const job = new NodejsFunction(scope, id, {
    entry: props.entry,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    memorySize: props.memorySize ?? 256,
    timeout: props.timeout ?? DEFAULT_TIMEOUT,
    tracing: lambda.Tracing.ACTIVE,
    loggingFormat: lambda.LoggingFormat.JSON,
    environment: { NODE_OPTIONS: "--enable-source-maps", ...props.environment },
    role,
    logGroup,
    bundling: {
      format: OutputFormat.ESM,
      mainFields: ["module", "main"],
      bundleAwsSDK: true,
      minify: true,
      sourceMap: true,
      sourcesContent: false,
      banner: REQUIRE_FOR_COMMONJS,
      ...props.bundling,
    },
    ...(props.description === undefined ? {} : { description: props.description }),
    ...(props.depsLockFilePath === undefined ? {} : { depsLockFilePath: props.depsLockFilePath }),
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason: "X-Ray's write actions know no resources; the statement holds these two actions alone",
  });
  return job;
}
