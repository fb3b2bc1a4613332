import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { LeaderStatusStack, tellsLeaders } from "./stacks/leader-status-stack.ts";
import { LeaseTableStack } from "./stacks/lease-table-stack.ts";
import { handlerOf, ReferenceStack } from "./stacks/reference-stack.ts";

const app = new App({
  context: {
    // Faults that CloudFormation would find at deployment end synthesis.
    "@aws-cdk/core:validateAgainstDefaultRules": true,
    // The lease table cannot be deleted while the reference workload uses it.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
  },
});
const alarmTopicArn = app.node.tryGetContext("alarmTopicArn") as string | undefined;
const root = fileURLToPath(new URL("..", import.meta.url));
const { table } = new LeaseTableStack(app, "LeaseholdTable", { alarmTopicArn });
new ReferenceStack(app, "LeaseholdReference", {
  leases: table,
  numberInvoices: handlerOf(app.node.tryGetContext("election")),
  root,
  alarmTopicArn,
});
if (tellsLeaders(app.node.tryGetContext("leader-status"))) {
  new LeaderStatusStack(app, "LeaseholdLeaderStatus", { leases: table, root });
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
