import { Stack } from "aws-cdk-lib";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** What another team's stack needs to take part. */
export interface WriterStackProps {
  /** The role of the service that campaigns, a task's or a function's. */
  readonly service: IGrantable;
  readonly dashboard: IGrantable;
}

/** Lets a service of another stack join the election for `writer`. */
export class WriterStack extends Stack {
  constructor(scope: Construct, id: string, props: WriterStackProps) {
    super(scope, id);
    const table = LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" });
    table.grantCampaign(props.service, "writer"); // this lease, and no other
    table.grantObserve(props.dashboard); // all leases, to read
  }
}
