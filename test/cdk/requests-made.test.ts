import { TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseTable } from "../../lib/cdk/index.ts";
import { fenceCheck, type Lease, LeaseClient } from "../../lib/index.ts";
import { type Engine, engineClient, startEngine } from "../../local/engine.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { statementsOfRole } from "../support/iam.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import { sendUnderPolicy } from "../support/under-policy.ts";

const TABLE = "leases";
const SHORT = { durationMs: 1_000, renewIntervalMs: 200, retryIntervalMs: 50, requestTimeoutMs: 300 };

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
  const admin = engineClient(engine.endpoint);
  await createLeaseTable(admin, TABLE);
  admin.destroy();
});

afterAll(() => engine.stop());

/** A client whose every request has to pass the policies that a grant synthesizes. */
function under(grant: (table: LeaseTable, role: Role) => void) {
  const stack = new Stack(new App(), "Test");
  const table = new LeaseTable(stack, "Leases");
  const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  grant(table, role);
  const template = Template.fromStack(stack);
  const [roleId = ""] = Object.keys(template.findResources("AWS::IAM::Role"));
  const client = engineClient(engine.endpoint);
  const used = sendUnderPolicy(
    client,
    statementsOfRole(template.toJSON(), roleId),
    stack.resolve(table.tableArn),
  );
  const leases = new LeaseClient({ tableName: TABLE, client, ...SHORT });
  return {
    client,
    leases,
    used,
    async [Symbol.asyncDispose]() {
      await leases.close();
      client.destroy();
    },
  };
}

async function fencedWrite(client: ReturnType<typeof engineClient>, lease: Lease): Promise<void> {
  const { ConditionCheck } = fenceCheck({ tableName: TABLE, lease });
  const { Key, ExpressionAttributeValues, ...check } = ConditionCheck;
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        {
          ConditionCheck: {
            ...check,
            Key: marshall(Key),
            ExpressionAttributeValues: marshall(ExpressionAttributeValues),
          },
        },
      ],
    }),
  );
}

describe("what grantCampaign allows", () => {
  it("is all that an election sends, from claim to hand-over, and no action more than it sends", async () => {
    await using here = under((table, role) => table.grantCampaign(role, "job"));
    const { leases, client, used } = here;
    const lease = await leases.acquire("job");
    await fencedWrite(client, lease);
    await lease.renew();
    await lease.proclaim("here");
    await lease.release();

    const ended = new AbortController();
    const terms: string[] = [];
    const work = async (term: Lease): Promise<void> => {
      terms.push(term.holder);
      await new Promise((resolve) => term.signal.addEventListener("abort", resolve));
    };
    const strong = leases.candidate("job", { priority: 2, drainMs: 0, minTermMs: 0 });
    const weak = leases.candidate("job", { priority: 1, drainMs: 0, minTermMs: 0 });
    const weakRun = weak.run(work, ended);
    await expect.poll(() => terms).toEqual([weak.id]);
    const strongRun = strong.run(work, ended);
    await expect.poll(() => terms, { timeout: 3_000 }).toEqual([weak.id, strong.id]);
    expect((await leases.candidates("job")).map(({ id }) => id)).toEqual([strong.id, weak.id]);
    await leases.requestStepDown("job", { reserveFor: weak.id });
    await expect.poll(() => terms, { timeout: 3_000 }).toEqual([weak.id, strong.id, weak.id]);
    await leases.forceRelease("job");
    ended.abort();
    await Promise.all([weakRun, strongRun]);

    expect([...used].sort()).toEqual([
      "dynamodb:ConditionCheckItem",
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]);
  });

  it("is nothing of another lease, nor a list of them all: each is told as ACCESS_DENIED", async () => {
    await using here = under((table, role) => table.grantCampaign(role, "job"));
    const { leases, client, used } = here;
    for (const call of [
      () => leases.tryAcquire("other"),
      () => leases.get("other"),
      () => leases.candidates("other"),
      () => leases.forceRelease("other"),
      () => leases.list().next(),
    ]) {
      await leaseErrorOf(call(), "ACCESS_DENIED");
    }
    const lease = { name: "other", holder: "me", token: 1 } as Lease;
    await expect(fencedWrite(client, lease)).rejects.toThrow(/not authorized/);
    expect([...used]).toEqual([]);
  });
});

describe("what grantObserve allows", () => {
  it("is to read a lease and who stands for it, and no write", async () => {
    await using here = under((table, role) => table.grantObserve(role, "job"));
    const { leases, used } = here;
    expect((await leases.get("job")).name).toBe("job");
    await leases.candidates("job");
    for await (const state of leases.observe("job")) {
      expect(state.name).toBe("job");
      break;
    }
    for (const call of [
      () => leases.tryAcquire("job"),
      () => leases.get("other"),
      () => leases.list().next(),
    ]) {
      await leaseErrorOf(call(), "ACCESS_DENIED");
    }
    expect([...used].sort()).toEqual(["dynamodb:GetItem", "dynamodb:Query"]);
  });

  it("is the list of all leases where no name was given", async () => {
    await using here = under((table, role) => table.grantObserve(role));
    await here.leases.list().next();
    expect([...here.used]).toEqual(["dynamodb:Scan"]);
  });
});
