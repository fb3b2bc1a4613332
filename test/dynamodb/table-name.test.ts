import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, it, vi } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { fenceCheck } from "../../lib/fencing/fence-check.ts";
import { engineClient, LOCAL_AWS } from "../../local/engine.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";

const ARN = "arn:aws:dynamodb:eu-west-3:111111111111:table/store";

describe("a table name that is not there", () => {
  const said = (tableName: unknown) =>
    leaseErrorIn(() => new LeaseClient({ tableName } as never), "INVALID_ARGUMENT").message;

  it("is told with the environment variable that was probably meant", () => {
    vi.stubEnv("LEASE_TABLE_NAME", undefined);
    const meant = /was it to come from the environment variable LEASE_TABLE_NAME\? That is not set here/;
    expect(said(undefined)).toMatch(/^tableName is undefined; /);
    expect(said(undefined)).toMatch(meant);
    expect(said("")).toMatch(/^tableName is empty; /);
    expect(() =>
      fenceCheck({ tableName: undefined as never, lease: { name: "a", token: 1, holder: "h" } }),
    ).toThrow(meant);
    vi.stubEnv("LEASE_TABLE_NAME", "leases");
    expect(said(undefined)).toMatch(/although .*LEASE_TABLE_NAME is set; pass process.env.LEASE_TABLE_NAME/);
    vi.unstubAllEnvs();
  });
});

describe("an ARN in place of a name", () => {
  const signed = async (use: (endpoint: string) => Promise<unknown>): Promise<string | undefined> => {
    let scope: string | undefined;
    const server = createServer((incoming, response) => {
      scope = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(incoming.headers.authorization ?? "")?.[1];
      incoming.resume().on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await use(`http://127.0.0.1:${port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    }
    return scope;
  };

  it("sends to the table's region, whatever that of the process is", async () => {
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    const regionOf = (tableName: string) =>
      signed(async (endpoint) => {
        vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
        await using leases = new LeaseClient({ tableName });
        await leases.get("job");
      });
    try {
      expect(await regionOf("store")).toBe("us-east-1");
      expect(await regionOf(ARN)).toBe("eu-west-3");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("refuses a client of another region by name, before anything is sent", async () => {
    const message =
      "client talks to eu-central-1, but tableName is the ARN of a table in eu-west-3; give a client";
    const scope = await signed(async (endpoint) => {
      const client = engineClient(endpoint);
      const leases = new LeaseClient({ tableName: ARN, client });
      for (const call of [
        () => leases.tryAcquire("job"),
        () => leases.get("job"),
        () => leases.list().next(),
        () => leases.candidates("job"),
      ]) {
        expect((await leaseErrorOf(call(), "INVALID_ARGUMENT")).message).toContain(message);
      }
      client.destroy();
    });
    expect(scope).toBeUndefined();
  });

  it("takes a client of its own region", async () => {
    const scope = await signed(async (endpoint) => {
      const client = new DynamoDBClient({
        endpoint,
        region: "eu-west-3",
        credentials: LOCAL_AWS.credentials,
      });
      await new LeaseClient({ tableName: ARN, client }).get("job");
      client.destroy();
    });
    expect(scope).toBe("eu-west-3");
  });
});
