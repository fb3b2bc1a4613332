import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { CfnGlobalTable, MultiRegionConsistency, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Key } from "aws-cdk-lib/aws-kms";
import { describe, expect, it } from "vitest";
import { LeaseTable, type LeaseTableProps } from "../../lib/cdk/index.ts";

const GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable";
const { STRONG, EVENTUAL } = MultiRegionConsistency;

function stackIn(region?: string): Stack {
  const app = new App();
  return new Stack(app, "Test", region === undefined ? {} : { env: { region, account: "111111111111" } });
}

function tableOf(props: LeaseTableProps, region?: string): Template {
  const stack = stackIn(region);
  new LeaseTable(stack, "Leases", props);
  return Template.fromStack(stack);
}

describe("a lease table by default", () => {
  it("keys rows by lease name and kind, bills on demand and lives in one region", () => {
    const template = tableOf({});
    template.resourceCountIs(GLOBAL_TABLE, 1);
    template.hasResourceProperties(GLOBAL_TABLE, {
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      Replicas: [Match.objectLike({ Region: { Ref: "AWS::Region" } })],
      MultiRegionConsistency: Match.absent(),
    });
  });

  it("is encrypted with a key of the account, restorable, and expires rows by ttl", () => {
    tableOf({}).hasResourceProperties(GLOBAL_TABLE, {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS" },
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      Replicas: [
        Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
      ],
    });
  });

  it("survives the deletion of its stack and refuses its own", () => {
    const template = tableOf({});
    template.hasResource(GLOBAL_TABLE, { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
    template.hasResourceProperties(GLOBAL_TABLE, {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: true })],
    });
  });
});

describe("a lease table's properties", () => {
  it("reach the table", () => {
    const template = tableOf({
      tableName: "leases",
      timeToLive: false,
      pointInTimeRecovery: false,
      deletionProtection: false,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    template.hasResource(GLOBAL_TABLE, { DeletionPolicy: "Delete" });
    template.hasResourceProperties(GLOBAL_TABLE, {
      TableName: "leases",
      TimeToLiveSpecification: Match.absent(),
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: false,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
        }),
      ],
    });
  });

  it("encrypt the table with the customer's key when one is given", () => {
    const stack = stackIn("eu-west-1");
    const key = new Key(stack, "Key");
    new LeaseTable(stack, "Leases", { encryptionKey: key });
    Template.fromStack(stack).hasResourceProperties(GLOBAL_TABLE, {
      Replicas: [
        Match.objectLike({ SSESpecification: { KMSMasterKeyId: stack.resolve(key.keyArn) as unknown } }),
      ],
    });
  });

  it("make three strongly consistent regions, protected alike, without TTL", () => {
    const template = tableOf(
      { multiRegionConsistency: STRONG, replicaRegions: ["us-east-2", "us-west-2"] },
      "us-east-1",
    );
    const safe = Match.objectLike({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    template.hasResourceProperties(GLOBAL_TABLE, {
      MultiRegionConsistency: "STRONG",
      TimeToLiveSpecification: Match.absent(),
      Replicas: [safe, safe, safe],
    });
  });

  it("make two strongly consistent regions and a witness", () => {
    tableOf(
      { multiRegionConsistency: STRONG, replicaRegions: ["us-east-2"], witnessRegion: "us-west-2" },
      "us-east-1",
    ).hasResourceProperties(GLOBAL_TABLE, {
      MultiRegionConsistency: "STRONG",
      GlobalTableWitnesses: [{ Region: "us-west-2" }],
    });
  });
});

describe("a lease table's metric of throttling", () => {
  it("adds up the two requests that clients send", () => {
    const metric = new LeaseTable(stackIn(), "Leases").metricThrottledRequests();
    const using = metric.toMetricConfig().mathExpression?.usingMetrics ?? {};
    const operations = Object.values(using).map(
      (one) => one.toMetricConfig().metricStat?.dimensions?.find(({ name }) => name === "Operation")?.value,
    );
    expect(new Set(operations)).toEqual(new Set(["GetItem", "UpdateItem"]));
    const period = Duration.minutes(1);
    const finer = new LeaseTable(stackIn(), "Leases").metricThrottledRequests({ period });
    expect(finer.toMetricConfig().mathExpression?.period).toBe(60);
  });
});

describe("synthesis refuses a lease table", () => {
  const refusal = (props: LeaseTableProps) => () => tableOf(props, "us-east-1");

  it("with replicas that agree eventually, since two regions could both win", () => {
    expect(refusal({ replicaRegions: ["us-east-2", "us-west-2"] })).toThrow(
      /Test\/Leases: replicaRegions is \[us-east-2, us-west-2\].*two regions can both win.*STRONG/,
    );
    expect(refusal({ multiRegionConsistency: EVENTUAL })).toThrow(
      /multiRegionConsistency is EVENTUAL.*two regions can both win/,
    );
  });

  it("with strong consistency and TTL, which AWS does not offer together", () => {
    const replicaRegions = ["us-east-2", "us-west-2"];
    expect(refusal({ multiRegionConsistency: STRONG, replicaRegions, timeToLive: true })).toThrow(
      /timeToLive is true.*has no TTL.*Leave timeToLive out/,
    );
  });

  it("with strong consistency over anything but three regions", () => {
    for (const props of [
      {},
      { replicaRegions: ["us-east-2"] },
      { replicaRegions: ["us-east-2", "us-west-2"], witnessRegion: "us-west-1" },
      { witnessRegion: "us-west-2" },
    ]) {
      expect(refusal({ multiRegionConsistency: STRONG, ...props })).toThrow(/exactly three regions/);
    }
  });

  it("with strong consistency over fewer than three regions, one of which is named twice", () => {
    for (const props of [
      { replicaRegions: ["us-east-2"], witnessRegion: "us-east-1" },
      { replicaRegions: ["us-east-2"], witnessRegion: "us-east-2" },
      { replicaRegions: ["us-east-2", "us-east-2"] },
      { replicaRegions: ["us-east-2", "us-east-1"] },
    ]) {
      expect(refusal({ multiRegionConsistency: STRONG, ...props }), JSON.stringify(props)).toThrow(
        /Test\/Leases: multiRegionConsistency STRONG takes exactly three regions, but us-east-[12] is named twice.*\[us-east-2.*the stack's own region is us-east-1/,
      );
    }
  });

  it("that got a fourth region, or its witness's for a replica, behind the construct's back", () => {
    const regions = { replicaRegions: ["us-east-2"], witnessRegion: "us-west-2" };
    const synthesized =
      (region: string, props: LeaseTableProps = regions) =>
      () => {
        const stack = stackIn("us-east-1");
        const { table } = new LeaseTable(stack, "Leases", { multiRegionConsistency: STRONG, ...props });
        if (!(table instanceof TableV2)) throw new Error("not the table that can be replicated");
        table.addReplica({ region });
        return Template.fromStack(stack);
      };
    expect(synthesized("eu-west-1", { replicaRegions: ["us-east-2", "us-west-2"] })).toThrow(
      /the table has 4 regions, us-east-2, us-west-2, eu-west-1, us-east-1.*exactly three/,
    );
    expect(synthesized("eu-west-1")).toThrow(/the table has 4 regions.*exactly three/);
    expect(synthesized("us-west-2")).toThrow(/us-west-2 is both a replica's and the witness's region/);
  });

  it("with a witness but no strong consistency", () => {
    expect(refusal({ witnessRegion: "us-west-2" })).toThrow(/witnessRegion is "us-west-2".*STRONG/);
  });

  it("with one region's key for three regions", () => {
    const stack = stackIn("us-east-1");
    const props = { multiRegionConsistency: STRONG, replicaRegions: ["us-east-2", "us-west-2"] };
    const encryptionKey = new Key(stack, "Key");
    expect(() => new LeaseTable(stack, "Leases", { ...props, encryptionKey })).toThrow(
      /encryptionKey belongs to one region/,
    );
  });

  it("with a customer's key in a stack that names no region", () => {
    const stack = stackIn();
    const encryptionKey = new Key(stack, "Key");
    expect(() => new LeaseTable(stack, "Leases", { encryptionKey })).toThrow(
      /encryptionKey is given, but the stack names no region.*set env.region/,
    );
  });

  it("that got an eventually consistent replica behind the construct's back", () => {
    const stack = stackIn("us-east-1");
    const { table } = new LeaseTable(stack, "Leases");
    if (!(table instanceof TableV2)) throw new Error("not the table that can be replicated");
    table.addReplica({ region: "us-west-2" });
    expect(() => Template.fromStack(stack)).toThrow(/the table has 2 replicas.*two regions can both win/);
  });

  it("that got a TTL behind the construct's back although it is strongly consistent", () => {
    const stack = stackIn("us-east-1");
    const { table } = new LeaseTable(stack, "Leases", {
      multiRegionConsistency: STRONG,
      replicaRegions: ["us-east-2", "us-west-2"],
    });
    const resource = table.node.defaultChild;
    if (!(resource instanceof CfnGlobalTable)) throw new Error("not the resource");
    resource.timeToLiveSpecification = { enabled: true, attributeName: "ttl" };
    expect(() => Template.fromStack(stack)).toThrow(/the table has TTL enabled.*has no TTL/);
  });
});
