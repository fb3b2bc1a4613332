import { describe, expect, it } from "vitest";
import { schedulePeriod } from "../../lib/cdk/schedule-period.ts";

const MINUTE_MS = 60_000;

/** The period in minutes, or the word for what cannot be said in minutes. */
function period(expression: string, timeZone?: string): number | string {
  const answer = schedulePeriod(expression, timeZone);
  return answer.kind === "repeats" ? answer.atLeastMs / MINUTE_MS : answer.kind;
}

describe("the period of a schedule", () => {
  it("is what rate() says", () => {
    expect(period("rate(1 minute)")).toBe(1);
    expect(period("rate(90 minutes)")).toBe(90);
    expect(period("rate(2 hours)")).toBe(120);
    expect(period("rate(1 day)")).toBe(1_440);
  });

  it("is the shortest gap between two times of day of cron()", () => {
    expect(period("cron(* * * * ? *)")).toBe(1);
    expect(period("cron(0/5 * * * ? *)")).toBe(5);
    expect(period("cron(*/20 * * * ? *)")).toBe(20);
    expect(period("cron(0,50 * * * ? *)")).toBe(10);
    expect(period("cron(0-10/5 * * * ? *)")).toBe(5);
    expect(period("cron(0 * * * ? *)")).toBe(60);
    expect(period("cron(15 8-18/2 ? * MON-FRI *)")).toBe(120);
    expect(period("cron(30 3 * * ? *)")).toBe(1_440);
  });

  it("spans midnight", () => {
    expect(period("cron(0 1,23 * * ? *)")).toBe(120);
    expect(period("cron(0/7 * * * ? *)")).toBe(4);
  });

  it("is a lower bound where the day fields thin it out", () => {
    expect(period("cron(0 9 1 * ? *)")).toBe(1_440);
  });

  it("allows for the hour that clocks skip in spring", () => {
    expect(period("cron(30 3 * * ? *)", "Europe/Zurich")).toBe(1_380);
    expect(period("cron(0,59 1,3 * * ? *)", "America/New_York")).toBe(1);
    expect(period("cron(0/20 * * * ? *)", "Europe/Zurich")).toBe(20);
    expect(period("cron(30 3 * * ? *)", "Etc/UTC")).toBe(1_440);
    expect(period("cron(30 3 * * ? *)", "UTC")).toBe(1_440);
  });

  it("allows for half an hour, or two, where a zone's clocks skip that, and for none where they skip none", () => {
    expect(period("cron(30 3 * * ? *)", "Australia/Lord_Howe")).toBe(1_410);
    expect(period("cron(0/20 * * * ? *)", "Australia/Lord_Howe")).toBe(10);
    expect(period("cron(0 * * * ? *)", "Australia/Lord_Howe")).toBe(30);
    expect(period("cron(30 3 * * ? *)", "Antarctica/Troll")).toBe(1_320);
    expect(period("cron(30 0,3 * * ? *)", "Antarctica/Troll")).toBe(60);
    expect(period("cron(30 3 * * ? *)", "Asia/Tokyo")).toBe(1_440);
  });

  it("is not known in a zone that this Node does not know", () => {
    expect(period("cron(30 3 * * ? *)", "Mars/Olympus")).toBe("unreadable");
    expect(period("rate(1 hour)", "Mars/Olympus")).toBe(60);
  });

  it("does not exist for a single occurrence", () => {
    expect(period("at(2026-11-23T08:00:00)")).toBe("once");
  });

  it("is never guessed", () => {
    for (const expression of [
      "rate(0 minutes)",
      "rate(5 weeks)",
      "rate(minutes)",
      "cron(5-2 * * * ? *)",
      "cron(0/0 * * * ? *)",
      "cron(60 * * * ? *)",
      "cron(0 24 * * ? *)",
      "cron(x * * * ? *)",
      "cron(0 * * * ?)",
      "every minute",
      "",
      // oxlint-disable-next-line no-template-curly-in-string -- what a token looks like
      "${Token[TOKEN.1]}",
    ]) {
      expect(period(expression), expression).toBe("unreadable");
    }
  });
});
