import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Vpc } from "aws-cdk-lib/aws-ec2";
import { ContainerImage } from "aws-cdk-lib/aws-ecs";
import { AccountRootPrincipal } from "aws-cdk-lib/aws-iam";
import { Stack } from "aws-cdk-lib";
import { LeaseClient } from "leasehold";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { engineForTests } from "../support/engine-for-tests.ts";
import { ExampleProgram } from "../support/example-program.ts";
import { granted, LEASES } from "../support/grants.ts";
import { type Deployed, deployed, isAllowed } from "../support/iam.ts";
import { read } from "../support/pages.ts";
import { underPolicy } from "../support/under-policy.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- manifests and templates

/** The stack as deployed, and the statements of the role that its id begins with. */
function synthesized(make: (app: App) => Stack): {
  readonly template: Template;
  readonly here: Deployed;
  readonly roleId: (prefix: string) => string;
} {
  const template = Template.fromStack(make(new App()));
  const roleId = (prefix: string): string =>
    Object.keys(template.findResources("AWS::IAM::Role")).find((id) => id.startsWith(prefix)) ?? "";
  return { template, here: deployed(template.toJSON()), roleId };
}

/** Which of these the role may do with the table that the parameter names, for the lease. */
async function allowedTo({ here, roleId }: ReturnType<typeof synthesized>, role: string, lease: string) {
  const statements = here.statementsOf(roleId(role));
  const onTable = statements.find(({ Action }) => JSON.stringify(Action).includes("dynamodb:GetItem"));
  const context = { "dynamodb:LeadingKeys": [lease], "dynamodb:Attributes": ["pk", "sk", "holder", "ttl"] };
  const names = ["GetItem", "UpdateItem", "Scan", "DeleteItem"];
  const answers = await Promise.all(
    names.map((name) =>
      isAllowed(statements, { action: `dynamodb:${name}`, resource: String(onTable?.["Resource"]), context }),
    ),
  );
  return names.filter((_, at) => answers[at]);
}

// The CDK alone takes a starved machine half a minute to load.
describe("the guide to use from elsewhere", { timeout: 300_000 }, () => {
  it("lets a task of ECS lead its lease, tells it the table, and gives it time to stop", async () => {
    const { EcsService } = await import("../../examples/ecs-service.ts");
    const made = synthesized((app) => {
      const vpc = new Vpc(new Stack(app, "Network"), "Vpc", { maxAzs: 2, natGateways: 1 });
      return new EcsService(app, "Ecs", { vpc, image: ContainerImage.fromRegistry("writer") });
    });
    expect(await allowedTo(made, "TaskTaskRole", "writer")).toEqual(["GetItem", "UpdateItem"]);
    expect(await allowedTo(made, "TaskTaskRole", "other")).toEqual([]);
    expect(made.here.statementsOf(made.roleId("TaskExecutionRole"))).toHaveLength(1); // logs

    const [task = {}] = Object.values<Json>(made.template.findResources("AWS::ECS::TaskDefinition"));
    const [container] = task["Properties"].ContainerDefinitions;
    expect(container).toMatchObject({ Command: ["node", "service.ts"], StopTimeout: 60 });
    const [{ Name, Value }] = container.Environment;
    expect([Name, made.here.text(Value)]).toEqual(["LEASE_TABLE_NAME", "/leasehold/leases/table-name"]);
    made.template.hasResourceProperties("AWS::ECS::Service", { DesiredCount: 2 });
  });

  it("lets the pods of EKS's manifest lead their lease, and no others assume the role", async () => {
    const { EksRole } = await import("../../examples/eks/role.ts");
    const made = synthesized((app) => new EksRole(app, "Eks", { clusterName: "main" }));
    expect(await allowedTo(made, "Writer", "writer")).toEqual(["GetItem", "UpdateItem"]);

    const documents = parseAllDocuments(read("examples/eks/writer.yaml"));
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    const [account = {}, deployment = {}] = documents.map((document) => document.toJS() as Json);
    const { name, namespace } = account["metadata"];
    const { spec } = deployment["spec"].template;
    expect([deployment["metadata"].namespace, spec.serviceAccountName]).toEqual([namespace, name]);
    expect(deployment["spec"].selector.matchLabels).toEqual(deployment["spec"].template.metadata.labels);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
    expect(spec.containers[0].env.map((variable: Json) => variable["name"])).toContain("LEASE_TABLE_NAME");

    const [role = ""] = Object.keys(made.template.findResources("AWS::IAM::Role"));
    made.template.hasResourceProperties("AWS::EKS::PodIdentityAssociation", {
      ClusterName: "main",
      Namespace: namespace,
      ServiceAccount: name,
      RoleArn: { "Fn::GetAtt": [role, "Arn"] },
    });
    made.template.hasResourceProperties("AWS::IAM::Role", {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: ["sts:AssumeRole", "sts:TagSession"],
            Condition: {
              StringEquals: {
                "aws:RequestTag/eks-cluster-name": "main",
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": name,
              },
            },
            Effect: "Allow",
            Principal: { Service: "pods.eks.amazonaws.com" },
          },
        ],
      },
    });
  });

  it("gives people a role to look and a role to step in, neither of which can lead", async () => {
    const { LaptopRoles } = await import("../../examples/laptop-roles.ts");
    const made = synthesized((app) => new LaptopRoles(app, "Roles", { people: new AccountRootPrincipal() }));
    expect(await allowedTo(made, "Looks", "writer")).toEqual(["GetItem", "Scan"]);
    expect(await allowedTo(made, "StepsIn", "writer")).toEqual(["GetItem", "Scan"]); // it names `ttl`, as every claim does
  });
});

describe("the program for a laptop", () => {
  const engine = engineForTests(LEASES);

  it("lists who leads under the role that looks", { timeout: 300_000 }, async () => {
    await using leases = new LeaseClient({ tableName: LEASES, client: engine.client });
    const { holder, token } = await leases.acquire("writer");
    await leases.run("reader", async () => {});
    const { statements } = granted((table, role) => table.grantObserve(role));
    await using gate = await underPolicy(engine.endpoint, statements());
    const env = { AWS_ENDPOINT_URL_DYNAMODB: gate.endpoint, LEASE_TABLE_NAME: LEASES };
    await using program = new ExampleProgram("laptop.ts", env);
    const { code, printed } = await program.ended();
    expect(printed.trim().split("\n").sort()).toEqual([
      "reader: vacant",
      `writer: ${holder} leads under token ${token}`,
    ]);
    expect(code).toBe(0);
    expect(gate.judged.map(({ action, allowed }) => [action, allowed])).toEqual([["dynamodb:Scan", true]]);
  });
});
