import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
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
const { table } = new LeaseTableStack(app, "LeaseholdTable", { alarmTopicArn });
new ReferenceStack(app, "LeaseholdReference", {
  leases: table,
  numberInvoices: handlerOf(app.node.tryGetContext("election")),
  root: fileURLToPath(new URL("..", import.meta.url)),
  alarmTopicArn,
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
