import { describe, vi } from "vitest";
import { engineGround } from "../support/worlds.ts";
import { contract } from "./contract.ts";
import { leadershipEvents } from "./leadership-events.ts";

// Set by `npm run test:dynamodb-local`, which starts Amazon's DynamoDB Local and stops it.
const endpoint = process.env["LEASEHOLD_CONTRACT_ENDPOINT"] ?? "";

// Most of these tests wait for real time to pass: they wait together.
vi.setConfig({ maxConcurrency: 12 });

describe.skipIf(endpoint === "")("with npm run test:dynamodb-local", () => {
  contract("DynamoDB Local", () => engineGround(endpoint));
  leadershipEvents("DynamoDB Local", async () => ({ endpoint, stop: async () => {} }));
});
