import { App, Lazy, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { CfnRole, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { describe, expect, it } from "vitest";
import { type ILeaseTable, LeaseTable } from "../../lib/cdk/index.ts";
import { type IamRequest, isAllowed, statementsOfRole } from "../support/iam.ts";

const EVERY_TABLE_ACTION = (
  "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem " +
  "PartiQLSelect PartiQLUpdate PartiQLInsert PartiQLDelete DescribeTable UpdateTable DeleteTable " +
  "DescribeTimeToLive UpdateTimeToLive UpdateContinuousBackups PutResourcePolicy GetRecords"
)
  .split(" ")
  .map((name) => `dynamodb:${name}`);

interface World {
  readonly stack: Stack;
  readonly role: Role;
  /** Whether the role may, on the table, with these partition keys in the request. */
  readonly may: (action: string, leadingKeys?: readonly string[], resource?: unknown) => boolean;
  /** All table actions that the role may perform with these partition keys. */
  readonly allowed: (leadingKeys?: readonly string[]) => string[];
  readonly mayUseKey: (action: string, viaService: string | undefined) => boolean;
}

function world(make: (stack: Stack) => ILeaseTable, grant: (table: ILeaseTable, role: Role) => void): World {
  const stack = new Stack(new App(), "Test", { env: { region: "eu-west-1", account: "111111111111" } });
  const table = make(stack);
  const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  grant(table, role);
  const statements = () => {
    return statementsOfRole(Template.fromStack(stack).toJSON(), logicalId(stack, role));
  };
  const arn: unknown = stack.resolve(table.tableArn);
  const may = (action: string, leadingKeys?: readonly string[], resource: unknown = arn) => {
    const context: IamRequest["context"] = leadingKeys && { "dynamodb:LeadingKeys": leadingKeys };
    return isAllowed(statements(), { action, resource, context });
  };
  return {
    stack,
    role,
    may,
    allowed: (leadingKeys) => EVERY_TABLE_ACTION.filter((action) => may(action, leadingKeys)),
    mayUseKey: (action, viaService) => {
      const key: unknown = stack.resolve(table.encryptionKey?.keyArn);
      const context: IamRequest["context"] = viaService === undefined ? {} : { "kms:ViaService": viaService };
      return isAllowed(statements(), { action, resource: key, context });
    },
  };
}

function logicalId(stack: Stack, role: Role): string {
  const resource = role.node.defaultChild;
  if (!(resource instanceof CfnRole)) throw new Error("the role has no resource");
  return stack.getLogicalId(resource);
}

const own = (stack: Stack): ILeaseTable => new LeaseTable(stack, "Leases");
const withKey = (stack: Stack): ILeaseTable =>
  new LeaseTable(stack, "Leases", { encryptionKey: new Key(stack, "Key") });

const CAMPAIGN = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"];

describe("grantCampaign", () => {
  const campaign = (...names: string[]) => world(own, (table, role) => table.grantCampaign(role, ...names));

  it("allows what a candidate and its fenced writes send, for each named lease, and nothing else", () => {
    const { allowed } = campaign("orders", "billing");
    expect(allowed(["orders"])).toEqual(CAMPAIGN);
    expect(allowed(["billing"])).toEqual(CAMPAIGN);
    expect(allowed(["orders", "billing"])).toEqual(CAMPAIGN);
  });

  it("denies every action on a lease that is not named, alone or beside one that is", () => {
    const { allowed } = campaign("orders");
    expect(allowed(["billing"])).toEqual([]);
    expect(allowed(["orders", "billing"])).toEqual([]);
    expect(allowed(["order"])).toEqual([]);
    expect(allowed(["orders2"])).toEqual([]);
    expect(allowed([""])).toEqual([]);
  });

  it("denies a request that carries no partition key, which ForAllValues alone would let through", () => {
    const { allowed } = campaign("orders");
    expect(allowed([])).toEqual([]);
    expect(allowed(undefined)).toEqual([]);
  });

  it("denies the same lease in another table", () => {
    const { may } = campaign("orders");
    expect(may("dynamodb:UpdateItem", ["orders"], "arn:aws:dynamodb:eu-west-1:1:table/other")).toBe(false);
  });

  it("takes asterisks in a lease's name as they are, not as wildcards", () => {
    const { allowed } = campaign("orders-*");
    expect(allowed(["orders-*"])).toEqual(CAMPAIGN);
    expect(allowed(["orders-1"])).toEqual([]);
  });

  it("takes ${…} in a lease's name as it is, not as a policy variable", () => {
    const { allowed } = campaign("orders-${aws:username}");
    expect(allowed(["orders-${aws:username}"])).toEqual(CAMPAIGN);
  });

  it("refuses to grant without a lease's name", () => {
    expect(() => campaign()).toThrow(/Test\/Leases: grantCampaign got no leaseNames; name at least one/);
  });

  it("refuses an empty, an oversized and a non-string name, and accepts the longest", () => {
    expect(() => campaign("orders", "")).toThrow(/leaseNames is empty; give it 1 to 2048 bytes/);
    expect(() => campaign("é".repeat(1_025))).toThrow(/leaseNames has 2050 bytes, at most 2048/);
    expect(() => campaign(JSON.parse("7"))).toThrow(/leaseNames must be a string.*not number/);
    expect(campaign("é".repeat(1_024)).allowed(["é".repeat(1_024)])).toEqual(CAMPAIGN);
  });

  it("passes a name that is known only at deployment", () => {
    const name = Lazy.string({ produce: () => "late" });
    expect(campaign(name).allowed(["late"])).toEqual(CAMPAIGN);
  });

  it("says whether the role took it", () => {
    world(own, (table, role) => expect(table.grantCampaign(role, "orders").success).toBe(true));
  });
});

describe("grantObserve", () => {
  const observe = (...names: string[]) => world(own, (table, role) => table.grantObserve(role, ...names));

  it("allows reading the named leases alone", () => {
    const { allowed } = observe("orders");
    expect(allowed(["orders"])).toEqual(["dynamodb:GetItem", "dynamodb:Query"]);
    expect(allowed(["billing"])).toEqual([]);
    expect(allowed(undefined)).toEqual([]);
  });

  it("allows reading and listing every lease when none is named, and no write", () => {
    const { allowed } = observe();
    expect(allowed(["anything"])).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
    expect(allowed(undefined)).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
  });

  it("refuses an empty name", () => {
    expect(() => observe("")).toThrow(/leaseNames is empty/);
  });
});

describe("a customer's key", () => {
  const VIA_DYNAMODB = "dynamodb.eu-west-1.amazonaws.com";
  const ACTIONS = ["Decrypt", "DescribeKey", "Encrypt", "ReEncryptTo", "GenerateDataKey", "CreateGrant"];
  const usable = (w: World, via: string | undefined) =>
    ACTIONS.filter((action) => w.mayUseKey(`kms:${action}`, via));

  it("is opened to candidates for reading and writing, and only by way of DynamoDB", () => {
    const candidate = world(withKey, (table, role) => table.grantCampaign(role, "orders"));
    expect(usable(candidate, VIA_DYNAMODB)).toEqual(ACTIONS.slice(0, -1));
    expect(usable(candidate, undefined)).toEqual([]);
    expect(usable(candidate, "s3.eu-west-1.amazonaws.com")).toEqual([]);
  });

  it("is opened to observers for reading only", () => {
    const observer = world(withKey, (table, role) => table.grantObserve(role));
    expect(usable(observer, VIA_DYNAMODB)).toEqual(["Decrypt", "DescribeKey"]);
  });

  it("comes along with an imported table when it is given", () => {
    const make = (stack: Stack) =>
      LeaseTable.fromTableName(stack, "Leases", "leases", { encryptionKey: new Key(stack, "Key") });
    const candidate = world(make, (table, role) => table.grantCampaign(role, "orders"));
    expect(usable(candidate, VIA_DYNAMODB)).toEqual(ACTIONS.slice(0, -1));
  });
});

describe("an imported table", () => {
  const imported = (stack: Stack) => LeaseTable.fromTableName(stack, "Leases", "leases");

  it("grants as narrowly as the table itself", () => {
    const { allowed, may } = world(imported, (table, role) => table.grantCampaign(role, "orders"));
    expect(allowed(["orders"])).toEqual(CAMPAIGN);
    expect(allowed(["billing"])).toEqual([]);
    const arn = "arn:aws:dynamodb:eu-west-1:111111111111:table/leases";
    expect(may("dynamodb:GetItem", ["orders"], arn)).toBe(true);
  });

  it("observes, and creates nothing", () => {
    const { allowed, stack } = world(imported, (table, role) => table.grantObserve(role));
    expect(allowed()).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
    Template.fromStack(stack).resourceCountIs("AWS::DynamoDB::GlobalTable", 0);
  });

  it("can be named by a parameter that is read at deployment", () => {
    const make = (stack: Stack) =>
      LeaseTable.fromTableName(stack, "Leases", StringParameter.valueForStringParameter(stack, "/leases"));
    const { allowed } = world(make, (table, role) => table.grantCampaign(role, "orders"));
    expect(allowed(["orders"])).toEqual(CAMPAIGN);
  });

  it("serves a stack other than the one that made it", () => {
    const app = new App();
    const table = new LeaseTable(new Stack(app, "Owner"), "Leases");
    const user = new Stack(app, "User");
    const role = new Role(user, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    table.grantCampaign(role, "orders");
    const statements = statementsOfRole(Template.fromStack(user).toJSON(), logicalId(user, role));
    expect(statements).toHaveLength(1);
    const resource = statements[0]?.Resource;
    expect(JSON.stringify(resource)).toContain("Fn::ImportValue");
    const context = { "dynamodb:LeadingKeys": ["orders"] };
    expect(isAllowed(statements, { action: "dynamodb:UpdateItem", resource, context })).toBe(true);
  });
});
