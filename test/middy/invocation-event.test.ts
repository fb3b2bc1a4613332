import { describe, expect, it } from "vitest";
import { scheduledTick } from "../../lib/client/invocation-event.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { context, withMiddy, withWrapper } from "./invocations.ts";

const NOON = "2026-01-01T12:00:00Z";
/** Events as AWS documents them, cut down to what tells them apart. */
const RULE = { source: "aws.events", "detail-type": "Scheduled Event", time: NOON, detail: {} };
const SCHEDULER = { source: "aws.scheduler", "detail-type": "Scheduled Event", time: NOON, detail: "{}" };

describe("the occurrence in an event", () => {
  it("is its tick, whatever else is in it", () => {
    expect(scheduledTick({ tick: NOON, executionId: "1" })).toBe(NOON);
    expect(scheduledTick({ ...RULE, tick: "a" })).toBe("a");
  });

  it("is the time of a schedule's event", () => {
    expect(scheduledTick(RULE)).toBe(NOON);
    expect(scheduledTick(SCHEDULER)).toBe(NOON);
  });

  it.each([
    ["an event of S3", { source: "aws.s3", "detail-type": "Object Created", time: NOON }],
    ["an event of one's own", { source: "shop", "detail-type": "OrderPlaced", time: NOON }],
    ["one that calls itself scheduled", { source: "shop", "detail-type": "Scheduled Event", time: NOON }],
    ["a request", { time: NOON, headers: {} }],
    ["nothing under tick", { tick: null, time: NOON }],
    ["no object", "text"],
    ["a number", 7],
    ["null", null],
    ["nothing", undefined],
  ])("is not in %s", (_, event) => {
    expect(scheduledTick(event)).toBeUndefined();
  });

  it.each([
    ["a placeholder that nobody filled in", "<aws.scheduler.scheduled-time>"],
    ["a number", 1_767_225_600],
    ["a time of day", "09:00"],
  ])("is an error where its tick is %s: nothing is sent, and no handler runs", async (_, tick) => {
    for (const elect of [withMiddy, withWrapper]) {
      const { client, store } = manual();
      let ran = false;
      const invoke = elect(
        async () => {
          ran = true;
        },
        { leases: client(), name: "jobs" },
      );
      const error = await leaseErrorOf(invoke({ tick }, context()), "INVALID_ARGUMENT");
      expect(error.message).toMatch(/^tick must be/);
      expect(store.requests).toBe(0);
      expect(ran).toBe(false);
    }
  });
});
