import { App, Lazy, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { AccountPrincipal, type IGrantable, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { describe, expect, it } from "vitest";
import { type ILeaseTable, LeaseTable } from "../../lib/cdk/index.ts";
import { granted, logicalIdOf } from "../support/grants.ts";
import { deployed, type IamRequest, isAllowed } from "../support/iam.ts";

const EVERY_TABLE_ACTION = (
  "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem " +
  "PartiQLSelect PartiQLUpdate PartiQLInsert PartiQLDelete DescribeTable UpdateTable DeleteTable " +
  "DescribeTimeToLive UpdateTimeToLive DescribeContinuousBackups UpdateContinuousBackups PutResourcePolicy"
)
  .split(" ")
  .map((name) => `dynamodb:${name}`);

interface World {
  readonly stack: Stack;
  /** Whether the role may, on the table, with these partition keys in the request. */
  readonly may: (action: string, leadingKeys?: readonly string[], resource?: string) => Promise<boolean>;
  /** All table actions that the role may perform with these partition keys, and attributes. */
  readonly allowed: (leadingKeys?: readonly string[], attributes?: readonly string[]) => Promise<string[]>;
  readonly mayUseKey: (action: string, viaService: string | undefined) => Promise<boolean>;
}

function world(make: (stack: Stack) => ILeaseTable, grant: (table: ILeaseTable, role: Role) => void): World {
  const { stack, table, deployed: here, statements } = granted(grant, make);
  const arnOf = (arn: string | undefined): string => here().text(stack.resolve(arn));
  const tableArn = arnOf(table.tableArn);
  const may = async (action: string, context: NonNullable<IamRequest["context"]>, resource = tableArn) =>
    isAllowed(statements(), { action, resource, context });
  return {
    stack,
    may: (action, keys = [], resource = tableArn) => may(action, { "dynamodb:LeadingKeys": keys }, resource),
    allowed: async (keys = [], attributes = []) => {
      const context = { "dynamodb:LeadingKeys": keys, "dynamodb:Attributes": attributes };
      const found = statements();
      const answers = await Promise.all(
        EVERY_TABLE_ACTION.map((action) => isAllowed(found, { action, resource: tableArn, context })),
      );
      return EVERY_TABLE_ACTION.filter((_, at) => answers[at]);
    },
    mayUseKey: (action, viaService) =>
      may(
        action,
        viaService === undefined ? {} : { "kms:ViaService": viaService },
        arnOf(table.encryptionKey?.keyArn),
      ),
  };
}

const own = (stack: Stack): ILeaseTable => new LeaseTable(stack, "Leases");
const withKey = (stack: Stack): ILeaseTable =>
  new LeaseTable(stack, "Leases", { encryptionKey: new Key(stack, "Key") });

const CAMPAIGN = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"];

describe("grantCampaign", () => {
  const campaign = (...names: string[]) => world(own, (table, role) => table.grantCampaign(role, ...names));

  it("allows what a candidate and its fenced writes send, for each named lease, and nothing else", async () => {
    const { allowed } = campaign("orders", "billing");
    expect(await allowed(["orders"])).toEqual(CAMPAIGN);
    expect(await allowed(["billing"])).toEqual(CAMPAIGN);
    expect(await allowed(["orders", "billing"])).toEqual(CAMPAIGN);
  });

  it("denies every action on a lease that is not named, alone or beside one that is", async () => {
    const { allowed } = campaign("orders");
    expect(await allowed(["billing"])).toEqual([]);
    expect(await allowed(["orders", "billing"])).toEqual([]);
    expect(await allowed(["order"])).toEqual([]);
    expect(await allowed(["orders2"])).toEqual([]);
    expect(await allowed([""])).toEqual([]);
  });

  it("denies a request that carries no partition key, which ForAllValues alone would let through", async () => {
    const { allowed } = campaign("orders");
    expect(await allowed([])).toEqual([]);
    expect(await allowed(undefined)).toEqual([]);
  });

  it("denies the same lease in another table", async () => {
    const { may } = campaign("orders");
    expect(
      await may("dynamodb:UpdateItem", ["orders"], "arn:aws:dynamodb:eu-central-1:000000000000:table/other"),
    ).toBe(false);
  });

  it("takes asterisks in a lease's name as they are, not as wildcards", async () => {
    const { allowed } = campaign("orders-*");
    expect(await allowed(["orders-*"])).toEqual(CAMPAIGN);
    expect(await allowed(["orders-1"])).toEqual([]);
  });

  it("takes ${…} in a lease's name as it is, not as a policy variable", async () => {
    const { allowed } = campaign("orders-${aws:username}");
    expect(await allowed(["orders-${aws:username}"])).toEqual(CAMPAIGN);
  });

  it("refuses to grant without a lease's name", () => {
    expect(() => campaign()).toThrow(/Test\/Leases: grantCampaign got no leaseNames; name at least one/);
  });

  it("refuses an empty, an oversized and a non-string name, and accepts the longest", async () => {
    expect(() => campaign("orders", "")).toThrow(/leaseNames is empty; give it 1 to 2048 bytes/);
    expect(() => campaign("é".repeat(1_025))).toThrow(/leaseNames has 2050 bytes, at most 2048/);
    expect(() => campaign(JSON.parse("7"))).toThrow(/leaseNames must be a string.*not number/);
    expect(await campaign("é".repeat(1_024)).allowed(["é".repeat(1_024)])).toEqual(CAMPAIGN);
  });

  it("passes a name that is known only at deployment", async () => {
    const name = Lazy.string({ produce: () => "late" });
    expect(await campaign(name).allowed(["late"])).toEqual(CAMPAIGN);
  });

  it("says whether the role took it", () => {
    world(own, (table, role) => expect(table.grantCampaign(role, "orders").success).toBe(true));
  });
});

describe("grantObserve", () => {
  const observe = (...names: string[]) => world(own, (table, role) => table.grantObserve(role, ...names));

  it("allows reading the named leases alone", async () => {
    const { allowed } = observe("orders");
    expect(await allowed(["orders"])).toEqual(["dynamodb:GetItem", "dynamodb:Query"]);
    expect(await allowed(["billing"])).toEqual([]);
    expect(await allowed(undefined)).toEqual([]);
  });

  it("allows reading and listing every lease when none is named, and no write", async () => {
    const { allowed } = observe();
    expect(await allowed(["anything"])).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
    expect(await allowed(undefined)).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
  });

  it("refuses an empty name", async () => {
    expect(() => observe("")).toThrow(/leaseNames is empty/);
  });
});

describe("a customer's key", () => {
  const VIA_DYNAMODB = "dynamodb.eu-central-1.amazonaws.com";
  const ACTIONS = ["Decrypt", "DescribeKey", "Encrypt", "ReEncryptTo", "GenerateDataKey", "CreateGrant"];
  const usable = async (w: World, via: string | undefined) => {
    const answers = await Promise.all(ACTIONS.map((action) => w.mayUseKey(`kms:${action}`, via)));
    return ACTIONS.filter((_, at) => answers[at]);
  };

  it("is opened to candidates for reading and writing, and only by way of DynamoDB", async () => {
    const candidate = world(withKey, (table, role) => table.grantCampaign(role, "orders"));
    expect(await usable(candidate, VIA_DYNAMODB)).toEqual(ACTIONS.slice(0, -1));
    expect(await usable(candidate, undefined)).toEqual([]);
    expect(await usable(candidate, "s3.eu-central-1.amazonaws.com")).toEqual([]);
  });

  it("is opened to observers for reading only", async () => {
    const observer = world(withKey, (table, role) => table.grantObserve(role));
    expect(await usable(observer, VIA_DYNAMODB)).toEqual(["Decrypt", "DescribeKey"]);
  });

  it("comes along with an imported table when it is given", async () => {
    const make = (stack: Stack) =>
      LeaseTable.fromTableName(stack, "Leases", "leases", { encryptionKey: new Key(stack, "Key") });
    const candidate = world(make, (table, role) => table.grantCampaign(role, "orders"));
    expect(await usable(candidate, VIA_DYNAMODB)).toEqual(ACTIONS.slice(0, -1));
  });
});

describe("an imported table", () => {
  const imported = (stack: Stack) => LeaseTable.fromTableName(stack, "Leases", "leases");

  it("grants as narrowly as the table itself", async () => {
    const { allowed, may } = world(imported, (table, role) => table.grantCampaign(role, "orders"));
    expect(await allowed(["orders"])).toEqual(CAMPAIGN);
    expect(await allowed(["billing"])).toEqual([]);
    const arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/leases";
    expect(await may("dynamodb:GetItem", ["orders"], arn)).toBe(true);
  });

  it("observes, and creates nothing", async () => {
    const { allowed, stack } = world(imported, (table, role) => table.grantObserve(role));
    expect(await allowed()).toEqual(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]);
    Template.fromStack(stack).resourceCountIs("AWS::DynamoDB::GlobalTable", 0);
  });

  it("can be named by a parameter that is read at deployment", async () => {
    const make = (stack: Stack) =>
      LeaseTable.fromTableName(stack, "Leases", StringParameter.valueForStringParameter(stack, "/leases"));
    const { allowed } = world(make, (table, role) => table.grantCampaign(role, "orders"));
    expect(await allowed(["orders"])).toEqual(CAMPAIGN);
  });

  it("serves a stack other than the one that made it", async () => {
    const app = new App();
    const table = new LeaseTable(new Stack(app, "Owner"), "Leases");
    const user = new Stack(app, "User");
    const role = new Role(user, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    table.grantCampaign(role, "orders");
    const templates = [user, Stack.of(table)].map((stack) => Template.fromStack(stack).toJSON());
    expect(JSON.stringify(templates[0])).toContain("Fn::ImportValue");
    const statements = deployed(templates[0] ?? {}, templates[1] ?? {}).statementsOf(logicalIdOf(user, role));
    expect(statements).toHaveLength(1);
    const request = {
      action: "dynamodb:UpdateItem",
      resource: deployed(templates[1] ?? {}).text(Stack.of(table).resolve(table.tableArn)),
      context: { "dynamodb:LeadingKeys": ["orders"] },
    };
    expect(await isAllowed(statements, request)).toBe(true);
  });
});

describe("a grant that adds nothing", () => {
  const ACCOUNT = "111111111111";
  const warnings = (grantee: (stack: Stack) => IGrantable): string[] => {
    const stack = new Stack(new App(), "Test", { env: { region: "eu-west-1", account: ACCOUNT } });
    const table = new LeaseTable(stack, "Leases");
    const who = grantee(stack);
    table.grantCampaign(who, "orders");
    table.grantObserve(who);
    table.grantOperate(who);
    return Annotations.fromStack(stack)
      .findWarning("/Test/Leases", Match.anyValue())
      .map(({ entry }) => entry.data as string);
  };
  const roleOf = (account: string) => (stack: Stack) =>
    Role.fromRoleArn(stack, "Imported", `arn:aws:iam::${account}:role/worker`);

  it("says so at synthesis, and what a principal of another account needs", () => {
    for (const [grantee, who] of [
      [() => new AccountPrincipal("222222222222"), /AccountPrincipal/],
      [roleOf("222222222222"), /Test\/Imported, of account 222222222222/],
    ] as const) {
      const said = warnings(grantee);
      expect(said.map((one) => /^grant\w+/.exec(one)?.[0])).toEqual([
        "grantCampaign",
        "grantObserve",
        "grantOperate",
      ]);
      for (const one of said) {
        expect(one).toMatch(who);
        expect(one).toMatch(
          /adds nothing.*the table's own policy.*docs\/guides\/cdk\.md, "Another account"/s,
        );
      }
    }
  });

  it("is not what a role of the account gets, made here or elsewhere", () => {
    const made = (stack: Stack) =>
      new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    expect(warnings(made)).toEqual([]);
    expect(warnings(roleOf(ACCOUNT))).toEqual([]);
  });
});
