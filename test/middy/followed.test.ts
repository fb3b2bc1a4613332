import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import middy from "@middy/core";
import { executionModeStreamifyResponse } from "@middy/core/StreamifyResponse";
import type { Lease } from "../../lib/client/lease.ts";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { leaderOnly } from "../../lib/middy/leader-only.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { context, type Elect, withMiddy, withWrapper } from "./invocations.ts";

const NOON = "2026-01-01T12:00:00Z";

/** Events that carry records, cut down to what tells them apart. */
const RECORDS: readonly (readonly [string, unknown])[] = [
  ["SQS", { Records: [{ eventSource: "aws:sqs", body: "1" }] }],
  ["SQS, several", { Records: [{ eventSource: "aws:sqs" }, { eventSource: "aws:sqs" }] }],
  ["Kinesis", { Records: [{ eventSource: "aws:kinesis" }] }],
  ["a DynamoDB stream", { Records: [{ eventSource: "aws:dynamodb" }] }],
  ["SNS", { Records: [{ EventSource: "aws:sns" }] }],
  ["Firehose", { deliveryStreamArn: "arn", records: [{ recordId: "1" }] }],
  ["Kafka", { eventSource: "aws:kafka", records: { "topic-0": [{ offset: 1 }] } }],
  ["a Kafka of one's own", { eventSource: "SelfManagedKafka", records: {} }],
  ["RabbitMQ", { eventSource: "aws:rmq", rmqMessagesByQueue: {} }],
  ["DocumentDB", { eventSource: "aws:docdb", events: [{}] }],
  ["EventBridge Pipes", [{ messageId: "1" }]],
];

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s, of an invocation that does not lead,", (_, elect) => {
  async function followed(options: object = {}) {
    const world = manual();
    const leader = await world.client().acquire("jobs", { renew: "manual" });
    let ran = 0;
    const invoke = elect(async () => (ran += 1), { leases: world.client(), name: "jobs", ...options });
    return { ...world, invoke, leader, ran: () => ran };
  }

  it.each(RECORDS)("throws when it was given records: %s", async (__, event) => {
    const { invoke, ran } = await followed();
    const error = await leaseErrorOf(invoke(event, context()), "NOT_LEADING");
    expect(error).toMatchObject({ lease: "jobs", message: expect.stringMatching(/held.*onFollowed/) });
    expect(ran()).toBe(0);
  });

  it.each([
    ["a schedule", { tick: NOON }],
    ["a request", { version: "2.0", rawPath: "/" }],
    ["an empty batch", { Records: [] }],
    ["nothing", undefined],
  ])("returns how it fared when it was given %s", async (__, event) => {
    const { invoke, leader } = await followed();
    expect(await invoke(event, context())).toEqual({ led: false, reason: "held", leader: leader.holder });
  });

  it("takes a record for handled whose occurrence was done, and no other of its batch", async () => {
    const { client } = manual();
    const tick = (): string => NOON;
    const invoke = elect(async () => "led", { leases: client(), name: "jobs", tick });
    expect(await invoke({ Records: [{}] }, context())).toBe("led");
    expect(await invoke({ Records: [{}] }, context())).toMatchObject({ reason: "tick-done" });
    await leaseErrorOf(invoke({ Records: [{}, {}] }, context()), "NOT_LEADING");
  });

  it("does not take a record for handled whose occurrence is earlier than the last one done", async () => {
    const { client, clock } = manual();
    const tick = (event: unknown): string => (event as { Records: { at: string }[] }).Records[0]?.at ?? "";
    const invoke = elect(async () => "led", { leases: client(), name: "jobs", tick });
    await invoke({ Records: [{ at: NOON }] }, context());
    await clock.advance(20);
    const redriven = invoke({ Records: [{ at: "2026-01-01T11:00:00Z" }] }, context());
    expect((await leaseErrorOf(redriven, "NOT_LEADING")).message).toContain("tick-passed");
  });

  it.each([
    ["a response", async () => ({ statusCode: 503 }), { statusCode: 503 }],
    ["at once", () => "elsewhere", "elsewhere"],
    ["nothing", () => undefined, undefined],
    ["null", () => null, null],
  ])("answers what the caller says: %s", async (__, onFollowed, answer) => {
    const { invoke, ran } = await followed({ onFollowed });
    expect(await invoke({ Records: [{}] }, context())).toEqual(answer);
    expect(ran(), "whatever the answer, no handler runs").toBe(0);
  });

  it("tells the caller how it fared, of which event and context, and throws on what it throws", async () => {
    const failure = new Error("try again");
    const told: unknown[] = [];
    const onFollowed = (...of: unknown[]): never => {
      told.push(...of);
      throw failure;
    };
    const { invoke, leader } = await followed({ onFollowed });
    const lambdaContext = context();
    await expect(invoke({ n: 1 }, lambdaContext)).rejects.toBe(failure);
    expect(told).toEqual([{ led: false, reason: "held", leader: leader.holder }, { n: 1 }, lambdaContext]);
  });
});

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s, given a context", (_, elect) => {
  class Odd {
    readonly awsRequestId = "7";
    getRemainingTimeInMillis(): number {
      return 60_000;
    }
  }

  it.each([
    ["frozen", () => Object.freeze(new Odd())],
    ["sealed", () => Object.seal(new Odd())],
    ["that is no plain object", () => new Odd()],
    ["missing", () => undefined],
  ])("that is %s leads with the lease on it, and holds nothing afterwards", async (__, make) => {
    const { client, clock, table } = manual();
    let seen: { lease: Lease; awsRequestId?: string; getRemainingTimeInMillis?: () => number } | undefined;
    const invoke = elect(
      async (___, lambdaContext) => {
        seen = lambdaContext;
        return lambdaContext.lease.isHeld();
      },
      { leases: client(), name: "jobs" },
    );
    const given = make();
    expect(await invoke({}, given as never)).toBe(true);
    if (given !== undefined) {
      expect(seen?.awsRequestId).toBe("7");
      expect(seen?.getRemainingTimeInMillis?.()).toBe(60_000);
    }
    expect(table.peek("jobs")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("that cannot take a lease fails, and holds nothing afterwards", async () => {
    const { client, clock, table } = manual();
    const odd = Object.defineProperty({}, "lease", { value: "mine", writable: false });
    const invoke = elect(async () => 1, { leases: client(), name: "jobs" });
    await expect(invoke({}, odd as never)).rejects.toThrow(TypeError);
    expect(table.peek("jobs")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a streamed response", () => {
  const streams: readonly (readonly [string, () => unknown])[] = [
    ["a stream of Node", () => new PassThrough()],
    ["a stream of the web", () => new ReadableStream()],
    ["a body that is one", () => ({ statusCode: 200, body: new PassThrough() })],
  ];

  it.each(streams)("is refused once a handler returns %s, with nothing left held", async (_, make) => {
    for (const elect of [withMiddy, withWrapper]) {
      const { client, clock, table } = manual();
      const invoke = elect(async () => make(), { leases: client(), name: "jobs" });
      const error = await leaseErrorOf(invoke({ tick: NOON }, context()), "INVALID_ARGUMENT");
      expect(error.message).toMatch(/stream.*leases\.run/);
      expect(table.peek("jobs")).not.toHaveProperty("tick");
      expect(table.peek("jobs")?.holder).toBeUndefined();
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it("is refused before anything is sent where Lambda hands the stream over", async () => {
    const { client, store } = manual();
    let ran = false;
    const handler = withLeadership(
      async () => {
        ran = true;
      },
      { leases: client(), name: "jobs" },
    );
    const streaming = handler as unknown as (...of: unknown[]) => Promise<unknown>;
    const error = await leaseErrorOf(streaming({}, new PassThrough(), context()), "INVALID_ARGUMENT");
    expect(error.message).toMatch(/stream/);
    expect(ran).toBe(false);
    expect(store.requests).toBe(0);
  });

  it("is refused under middy's own mode for it", async () => {
    const globals = globalThis as { awslambda?: unknown };
    // What Lambda's runtime has there; the handler is called as that calls it.
    globals.awslambda = {
      streamifyResponse: (handler: unknown) => handler,
      HttpResponseStream: { from: (stream: unknown) => stream },
    };
    const { client, table } = manual();
    const elected = middy({ executionMode: executionModeStreamifyResponse, timeoutEarlyInMillis: 0 })
      .use(leaderOnly({ leases: client(), name: "jobs" }))
      .handler(async () => ({ statusCode: 200, body: new PassThrough().end("x") }) as never);
    const call = elected as unknown as (...of: unknown[]) => Promise<unknown>;
    try {
      await leaseErrorOf(call({}, new PassThrough(), context()), "INVALID_ARGUMENT");
    } finally {
      delete globals.awslambda;
    }
    expect(table.peek("jobs")?.holder).toBeUndefined();
  });
});
