import { DockerImage, Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import type { ISecurityGroup, IVpc, SubnetSelection } from "aws-cdk-lib/aws-ec2";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { type BundlingOptions, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { refuse } from "./checks.ts";

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
   * What the function runs on: Node 22 or later.
   * @default lambda.Runtime.NODEJS_24_X
   */
  readonly runtime?: lambda.Runtime;
  /**
   * The processor that it runs on.
   * @default lambda.Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * Whether X-Ray traces it.
   * @default lambda.Tracing.ACTIVE
   */
  readonly tracing?: lambda.Tracing;
  /**
   * Network that it runs in, for what it can reach only from there. DynamoDB has to be reachable from it too: by a gateway
   * endpoint, which costs nothing, or by a NAT gateway.
   * @default - none: Lambda's own network
   */
  readonly vpc?: IVpc;
  /**
   * Subnets of the `vpc`.
   * @default - its private subnets
   */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * Security groups in the `vpc`.
   * @default - one of its own, which lets all out
   */
  readonly securityGroups?: readonly ISecurityGroup[];
  /**
   * How long logs are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the log group when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly logRemovalPolicy?: RemovalPolicy;
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

const OLDEST_NODE = 22;

/** Packages of CommonJS inside the bundle call `require` for Node's own modules; an ES module has none. */
const REQUIRE_FOR_COMMONJS =
  'import{createRequire as leaseholdRequire}from"node:module";const require=leaseholdRequire(import.meta.url);';

/** Creates a function with a role and a log group of its own, so that it may write its logs and nobody else's. */
export function createJobFunction(scope: Construct, id: string, props: JobFunctionProps): NodejsFunction {
  const runtime = props.runtime ?? lambda.Runtime.NODEJS_24_X;
  if (runtime.family !== lambda.RuntimeFamily.NODEJS) refuseRuntime(scope, runtime, "runtime");
  checkNode(scope, runtime, "runtime");
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: props.logRetention ?? RetentionDays.ONE_MONTH,
    removalPolicy: props.logRemovalPolicy ?? RemovalPolicy.RETAIN,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  if (props.vpc !== undefined) allowNetworkInterfaces(role);

  const job = new NodejsFunction(scope, id, {
    entry: props.entry,
    runtime,
    architecture: props.architecture ?? lambda.Architecture.ARM_64,
    memorySize: props.memorySize ?? 256,
    timeout: props.timeout ?? DEFAULT_TIMEOUT,
    tracing: props.tracing ?? lambda.Tracing.ACTIVE,
    loggingFormat: lambda.LoggingFormat.JSON,
    environment: { NODE_OPTIONS: "--enable-source-maps", ...props.environment },
    role,
    logGroup,
    ...networkOf(scope, props),
    bundling: {
      ...(props.bundling?.forceDockerBundling === true ? {} : { dockerImage: noDocker(scope) }),
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
    reason:
      "X-Ray's write actions and those on network interfaces know no resources; the statements hold these alone",
  });
  return job;
}

/**
 * Refuses a Node that the client does not run on. Another language passes, and so does a Node that is known only at deployment.
 * @param which what has the runtime, in words
 */
export function checkNode(scope: Construct, runtime: lambda.Runtime, which: string): void {
  const [, major] = /^nodejs(\d*)/.exec(runtime.name) ?? [];
  if (major !== undefined && Number(major) < OLDEST_NODE) refuseRuntime(scope, runtime, which);
}

function refuseRuntime(scope: Construct, runtime: lambda.Runtime, which: string): never {
  return refuse(
    scope,
    `${which} is ${runtime.name}, but the client needs Node ${OLDEST_NODE} or later; give lambda.Runtime.NODEJS_24_X`,
  );
}

function networkOf(scope: Construct, { vpc, vpcSubnets, securityGroups }: JobFunctionProps) {
  if (vpc === undefined) {
    if (vpcSubnets === undefined && securityGroups === undefined) return {};
    refuse(scope, "vpcSubnets and securityGroups are parts of a vpc, and none is given; give vpc as well");
  }
  return {
    vpc,
    ...(vpcSubnets === undefined ? {} : { vpcSubnets }),
    ...(securityGroups === undefined ? {} : { securityGroups: [...securityGroups] }),
  };
}

/** What Lambda needs of the role to put the function into a network, without the log actions of AWS's managed policy for it. */
function allowNetworkInterfaces(role: Role): void {
  const actions = [
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
  ];
  const addresses = ["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"];
  role.addToPolicy(
    new PolicyStatement({
      actions: [...actions, ...addresses].map((name) => `ec2:${name}`),
      resources: ["*"],
    }),
  );
}

/** Stands where the library would build an image with Docker: it comes to that only where it has found no esbuild. */
function noDocker(scope: Construct): DockerImage {
  const image = DockerImage.fromRegistry("none");
  image.run = () =>
    refuse(
      scope,
      "the function is bundled with esbuild, which is not installed; run `npm install --save-dev esbuild` (0.x) in the project " +
        "that synthesizes",
    );
  return image;
}
