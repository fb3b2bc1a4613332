/**
 * The context that Lambda gives a handler on Node. It is told here, equal in structure to `Context` of `@types/aws-lambda`, and not
 * imported: in a project without that package an imported type would turn into `any`, unseen.
 */
export interface LambdaContext {
  callbackWaitsForEmptyEventLoop: boolean;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  awsRequestId: string;
  logGroupName: string;
  logStreamName: string;
  identity?: { cognitoIdentityId: string; cognitoIdentityPoolId: string } | undefined;
  clientContext?: LambdaClientContext | undefined;
  tenantId?: string | undefined;
  /** How long the invocation may still run, in ms. */
  getRemainingTimeInMillis(): number;
  /** @deprecated of Node 0.10: return or throw instead */
  done(error?: Error, result?: unknown): void;
  /** @deprecated of Node 0.10: throw instead */
  fail(error: Error | string): void;
  /** @deprecated of Node 0.10: return instead */
  succeed(messageOrObject: unknown): void;
  /** @deprecated of Node 0.10: return instead */
  succeed(message: string, object: unknown): void;
}

/** What a mobile application says of itself when it invokes a function. */
export interface LambdaClientContext {
  client: Record<
    "installationId" | "appTitle" | "appVersionName" | "appVersionCode" | "appPackageName",
    string
  >;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the application sends
  custom?: any;
  env: Record<"platformVersion" | "platform" | "make" | "model" | "locale", string>;
}
