import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { CfnRole, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type ILeaseTable, LeaseTable } from "../../lib/cdk/index.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { type Deployed, deployed, type Statement } from "./iam.ts";

/** What a grant has given to a role. */
export interface Granted {
  readonly stack: Stack;
  readonly role: Role;
  readonly table: ILeaseTable;
  /** The stack as it is once deployed; read anew, so that later grants count. */
  readonly deployed: () => Deployed;
  /** All that the role may do. */
  readonly statements: () => Statement[];
}

/** The lease table that grants are tried on unless a test makes another. */
export const LEASES = "leases";

/**
 * Gives a role of a stack of its own rights on a lease table. The region and account are the local
 * runner's.
 */
export function granted(
  grant: (table: ILeaseTable, role: Role) => void,
  make: (stack: Stack) => ILeaseTable = (stack) => new LeaseTable(stack, "Leases", { tableName: LEASES }),
): Granted {
  const { region } = LOCAL_AWS;
  const stack = new Stack(new App(), "Test", { env: { region, account: "000000000000" } });
  const table = make(stack);
  const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  grant(table, role);
  const here = (): Deployed => deployed(Template.fromStack(stack).toJSON());
  return {
    stack,
    role,
    table,
    deployed: here,
    statements: () => here().statementsOf(logicalIdOf(stack, role)),
  };
}

/** The logical id of a role in the template of its stack. */
export function logicalIdOf(stack: Stack, role: { readonly node: Role["node"] } | undefined): string {
  const resource = role?.node.defaultChild;
  if (!(resource instanceof CfnRole)) throw new Error("the role has no resource");
  return stack.getLogicalId(resource);
}
