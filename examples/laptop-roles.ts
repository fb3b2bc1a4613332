import { Stack } from "aws-cdk-lib";
import { type IPrincipal, Role } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** Roles that people assume: one to look, one to step in. Neither can lead. */
export class LaptopRoles extends Stack {
  constructor(scope: Construct, id: string, props: { readonly people: IPrincipal }) {
    super(scope, id);
    const table = LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" });
    const { people: assumedBy } = props;
    table.grantObserve(new Role(this, "Looks", { roleName: "leasehold-observe", assumedBy }));
    table.grantOperate(new Role(this, "StepsIn", { roleName: "leasehold-operate", assumedBy }));
  }
}
