import { join } from "node:path";
import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { type ILeaseTable, LeaderStatus } from "../../lib/cdk/index.ts";

/** What the stack tells of. */
export interface LeaderStatusStackProps extends StackProps {
  readonly leases: ILeaseTable;
  /** The project's root folder, where `lambda/` and the lock file are. */
  readonly root: string;
}

/**
 * Who leads what, by HTTPS, to whom IAM lets ask. It is not deployed unless the context says
 * `leader-status=on`.
 */
export class LeaderStatusStack extends Stack {
  constructor(scope: Construct, id: string, { leases, root, ...props }: LeaderStatusStackProps) {
    super(scope, id, { description: "Leasehold: tells who leads what, to whom IAM lets ask", ...props });
    const status = new LeaderStatus(this, "LeaderStatus", {
      table: leases,
      entry: join(root, "lambda", "leader-status.ts"),
      depsLockFilePath: join(root, "package-lock.json"),
    });
    new CfnOutput(this, "LeaderStatusUrl", {
      value: status.url,
      description: "Who leads; sign requests for lambda",
    });
  }
}

/** Reads the context value `leader-status`: "off" (the default) or "on". */
export function tellsLeaders(context: unknown): boolean {
  if (context === undefined || context === "off") return false;
  if (context === "on") return true;
  throw new Error(`context leader-status must be "on" or "off", not ${JSON.stringify(context)}`);
}
