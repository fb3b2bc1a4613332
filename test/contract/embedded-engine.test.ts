import { describe, expect, it, vi } from "vitest";
import { startEngine } from "../../local/engine.ts";
import type { IamRequest } from "../support/iam.ts";
import { keepKinds } from "../support/under-policy.ts";
import { engineGround } from "../support/worlds.ts";
import { contract } from "./contract.ts";

// Most of these tests wait for real time to pass: they wait together.
vi.setConfig({ maxConcurrency: 12 });

/** Every kind of request that an election has sent in all this, with one of them. */
const sent = new Map<string, readonly IamRequest[]>();

contract("the embedded engine", async () => {
  const engine = await startEngine();
  const ground = await engineGround(engine.endpoint, (client) => keepKinds(client, sent));
  return {
    world: ground.world,
    async [Symbol.asyncDispose]() {
      await ground[Symbol.asyncDispose]();
      await engine.stop();
    },
  };
});

describe("what all these elections have sent", () => {
  it("is what grantCampaign allows for their leases, and but for lists nothing more", async () => {
    // The CDK takes a second to load.
    const [{ granted }, { isAllowed }] = await Promise.all([
      import("../support/grants.ts"),
      import("../support/iam.ts"),
    ]);
    const requests = [...sent.values()].flat();
    const names = new Set(requests.flatMap(({ context }) => context?.["dynamodb:LeadingKeys"] ?? []));
    const statements = granted((table, role) => table.grantCampaign(role, ...names)).statements();
    const resource = "arn:aws:dynamodb:eu-central-1:000000000000:table/leases";
    const denied: string[] = [];
    for (const asked of requests) {
      if (!(await isAllowed(statements, { ...asked, resource }))) denied.push(asked.action);
    }
    expect(requests.length).toBeGreaterThan(15);
    expect(denied).toEqual(["dynamodb:Scan"]);
  });
});
