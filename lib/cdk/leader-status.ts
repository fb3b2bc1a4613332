import { Duration, Validations } from "aws-cdk-lib";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { FunctionUrl, FunctionUrlAuthType, type IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { LEASE_VARIABLES } from "../dynamodb/lease-environment.ts";
import { refuse } from "./checks.ts";
import { createJobFunction, type JobFunctionProps } from "./job-function.ts";
import type { ILeaseTable } from "./table-reference.ts";
import { tableSeenFrom } from "./table-location.ts";

/** How a {@link LeaderStatus} is made. */
export interface LeaderStatusProps extends JobFunctionProps {
  /** The table to tell of. */
  readonly table: ILeaseTable;
  /**
   * How long one request may take.
   * @default Duration.seconds(15)
   */
  readonly timeout?: Duration;
}

/**
 * Makes a function that tells who leads what, behind an HTTPS address that answers signed requests
 * alone. Nobody may ask until {@link LeaderStatus.grantInvoke} lets them.
 *
 * The function may read the table and nothing else (`grantObserve`). Its source is `entry`:
 * `lambda/leader-status.ts` of the repository, or your own. It finds the table in
 * `LEASE_TABLE_NAME`.
 */
export class LeaderStatus extends Construct {
  /** The function that answers. */
  readonly function: IFunction;
  /**
   * The address, `https://….lambda-url.<region>.on.aws/`. Requests have to be signed for the
   * service `lambda`.
   */
  readonly url: string;
  readonly #url: FunctionUrl;

  constructor(scope: Construct, id: string, props: LeaderStatusProps) {
    super(scope, id);
    const { table: given, ...rest } = props;
    if (rest.environment?.[LEASE_VARIABLES.tableName] !== undefined) {
      refuse(this, `environment sets ${LEASE_VARIABLES.tableName}, which the construct sets from table`);
    }
    const { table, tableName } = tableSeenFrom(this, given);
    this.function = createJobFunction(this, "Function", {
      description: "Tells who leads what; it only reads",
      timeout: Duration.seconds(15),
      ...rest,
      environment: { ...rest.environment, [LEASE_VARIABLES.tableName]: tableName },
    });
    Validations.of(this.function).acknowledge({
      id: "Serverless-LambdaDLQ",
      reason:
        "It is invoked by HTTPS alone: whoever asked is told that it failed, and there is no event to keep",
    });
    table.grantObserve(this.function);
    this.#url = new FunctionUrl(this, "Url", {
      function: this.function,
      authType: FunctionUrlAuthType.AWS_IAM,
    });
    this.url = this.#url.url;
  }

  /** Lets the grantee ask. */
  grantInvoke(grantee: IGrantable): Grant {
    return this.#url.grantInvokeUrl(grantee);
  }
}
