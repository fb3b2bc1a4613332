import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { LeaderStatusStack } from "../../bin/stacks/leader-status-stack.ts";
import { LeaseTableStack } from "../../bin/stacks/lease-table-stack.ts";
import { ReferenceStack } from "../../bin/stacks/reference-stack.ts";
import { writeProject } from "../cdk/project.ts";
import { type Deployed, deployed, type Statement } from "./iam.ts";

/** A function of the reference app as it is deployed. */
export interface DeployedFunction {
  /** What its role may do. */
  readonly statements: readonly Statement[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The reference app as it is deployed: its functions, by the file in `lambda/` that each is made
 * of, and its tables.
 */
export interface DeployedApp {
  readonly functions: Readonly<Record<string, DeployedFunction>>;
  readonly leases: string;
  readonly invoices: string;
}

const FUNCTION = "AWS::Lambda::Function";

/** Synthesizes the reference app with all that can be on, and without bundling. */
export function deployedApp(numberInvoices: string): DeployedApp {
  const files = [numberInvoices, "receive-invoices.ts", "leader-status.ts"];
  using project = writeProject(
    Object.fromEntries(files.map((file) => [`lambda/${file}`, "export const handler = 1;"])),
  );
  const { root } = project;
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  const leases = new LeaseTableStack(app, "Leases");
  const reference = new ReferenceStack(app, "Reference", { leases: leases.table, numberInvoices, root });
  const status = new LeaderStatusStack(app, "Status", { leases: leases.table, root });
  const [table, jobs, tells] = [leases, reference, status].map((stack) => Template.fromStack(stack).toJSON());
  const tableOf = (here: Deployed, template: object | undefined): string => {
    const [id = ""] = Object.keys(
      Template.fromJSON(template ?? {}).findResources("AWS::DynamoDB::GlobalTable"),
    );
    return here.nameOf(id);
  };
  const here = { jobs: deployed(jobs ?? {}, table ?? {}), tells: deployed(tells ?? {}, table ?? {}) };
  return {
    functions: {
      [numberInvoices]: functionOf(here.jobs, jobs, /^NumberInvoices/),
      "receive-invoices.ts": functionOf(here.jobs, jobs, /^ReceiveInvoices/),
      "leader-status.ts": functionOf(here.tells, tells, /^LeaderStatus/),
    },
    leases: tableOf(deployed(table ?? {}), table),
    invoices: tableOf(here.jobs, jobs),
  };
}

function functionOf(here: Deployed, template: object | undefined, logicalId: RegExp): DeployedFunction {
  const functions = Template.fromJSON(template ?? {}).findResources(FUNCTION);
  const id = Object.keys(functions).find((name) => logicalId.test(name)) ?? "";
  const properties = here.propertiesOf(id) as unknown as {
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  };
  const roleId = String(functions[id]?.["Properties"].Role["Fn::GetAtt"][0]);
  return { statements: here.statementsOf(roleId), environment: properties.Environment.Variables };
}
