import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Session } from "../../lib/cli/session.ts";
import { replying } from "../support/aws-server.ts";

const HOUR_MS = 3_600_000;
const table = "arn:aws:dynamodb:eu-west-1:111111111111:table/leases";

beforeAll(() => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
});
afterAll(() => {
  vi.unstubAllEnvs();
});

describe("a session", () => {
  it("talks to the region of the table's ARN, whatever the environment's is", async () => {
    await using session = new Session({ table });
    const client = await session.dynamodb();
    expect(await client.config.region()).toBe("eu-west-1");
  });

  it("tells the time by the service's clock, once it has answered and is more than its header's seconds away", async () => {
    const ahead = new Date(Date.now() + HOUR_MS).toUTCString();
    const near = new Date(Date.now() + 500).toUTCString();
    await using wrong = await replying({ status: 200, headers: { date: ahead } });
    await using right = await replying({ status: 200, headers: { date: near } });
    const aheadBy = async (endpoint: string): Promise<number[]> => {
      await using session = new Session({ table, endpoint });
      const before = (await session.now()) - Date.now();
      await (await session.leases()).get("writer");
      return [before, (await session.now()) - Date.now()];
    };
    const [[before, after], [, none]] = await Promise.all([aheadBy(wrong.endpoint), aheadBy(right.endpoint)]);
    expect(Math.abs(before ?? Number.NaN)).toBeLessThan(100);
    expect(Math.abs((after ?? 0) - HOUR_MS)).toBeLessThan(5_000);
    expect(Math.abs(none ?? Number.NaN)).toBeLessThan(100);
  });

  it("is interrupted by a signal once somebody asks, and leaves signals alone after its end", async () => {
    const before = process.listenerCount("SIGPIPE");
    const session = new Session({});
    expect(process.listenerCount("SIGPIPE")).toBe(before);
    const { interrupted } = session;
    expect(session.interrupted).toBe(interrupted);
    expect(process.listenerCount("SIGPIPE")).toBe(before + 1);
    process.emit("SIGPIPE", "SIGPIPE");
    expect(interrupted.reason).toBe("SIGPIPE");
    await session[Symbol.asyncDispose]();
    expect(process.listenerCount("SIGPIPE")).toBe(before);
  });
});
