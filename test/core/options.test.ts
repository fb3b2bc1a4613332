import { describe, expect, it } from "vitest";
import { parseName } from "../../lib/core/names.ts";
import {
  parseHolder,
  parseStepDown,
  parseTerm,
  parseTimeout,
  type TermOptions,
  type TickOptions,
} from "../../lib/core/options.ts";
import { parseTiming, type TimingOptions } from "../../lib/core/timing.ts";
import { leaseErrorIn } from "../support/failures.ts";

const client = (options: TimingOptions = {}) => ({ options, timing: parseTiming(options), label: "host:1" });
const term = (options: TermOptions & TickOptions, timing: TimingOptions = {}) =>
  parseTerm(options, client(timing));

function refusal(options: Record<string, unknown>): string {
  return leaseErrorIn(() => term(options), "INVALID_ARGUMENT").message;
}

describe("a name", () => {
  it.each([
    ["empty", ""],
    ["a number", 7],
    ["undefined", undefined],
    ["null", null],
    ["an object", {}],
    ["too large", "x".repeat(2_049)],
    ["too large in bytes", "é".repeat(1_025)],
  ])("is refused when it is %s, with the bound", (_, name) => {
    expect(leaseErrorIn(() => parseName(name), "INVALID_ARGUMENT").message).toMatch(/^name .*2048/);
  });

  it("may be as large as a partition key", () => {
    for (const name of ["x", "x".repeat(2_048), "é".repeat(1_024)]) expect(parseName(name)).toBe(name);
  });

  it("that is too large is told by its size, never in full", () => {
    const message = leaseErrorIn(() => parseName("x".repeat(5_007)), "INVALID_ARGUMENT").message;
    expect(message).toContain("5007");
    expect(message.length).toBeLessThan(200);
  });
});

describe("a candidate's label", () => {
  it.each([
    ["empty", ""],
    ["null", null],
    ["a number", 1],
    ["too large", "x".repeat(513)],
  ])("is refused when it is %s", (_, holder) => {
    expect(leaseErrorIn(() => parseHolder(holder), "INVALID_ARGUMENT").message).toMatch(/^holder .*512/);
    expect(refusal({ holder })).toMatch(/^holder /);
  });

  it("is the client's unless the term has its own", () => {
    expect(term({}).label).toBe("host:1");
    expect(term({ holder: "ann" }).label).toBe("ann");
  });
});

describe("a term", () => {
  it("renews itself, has no limit and no tick unless asked", () => {
    expect(term({})).toMatchObject({
      autoRenew: true,
      termLimitMs: Number.POSITIVE_INFINITY,
      tick: undefined,
      claimsTick: false,
    });
    expect(term({ renew: "manual", tickPolicy: "at-most-once", tick: "2026-01-01T02:00Z" })).toMatchObject({
      autoRenew: false,
      tick: "2026-01-01T02:00:00.000Z",
      claimsTick: true,
    });
  });

  it.each([
    ["renew", "never"],
    ["renew", null],
    ["renew", true],
    ["tickPolicy", "once"],
    ["tickPolicy", null],
  ])("refuses %s that is %j, and names what it may be", (option, value) => {
    const message = refusal({ [option]: value });
    expect(message).toContain(option);
    expect(message).toMatch(option === "renew" ? /"auto".*"manual"/ : /"until-success".*"at-most-once"/);
  });

  it.each([
    ["NaN", Number.NaN],
    ["below a second", 999],
    ["negative", -1],
    ["zero", 0],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["a string", "5000"],
    ["null", null],
  ])("refuses a limit that is %s", (_, termLimitMs) => {
    expect(refusal({ termLimitMs })).toMatch(/termLimitMs.*1000/);
  });

  it("refuses a tick that is no instant, and names it", () => {
    expect(refusal({ tick: "job-10" })).toMatch(/^tick .*instant.*job-10/);
  });

  it.each([
    ["durationMs", 0],
    ["durationMs", Number.NaN],
    ["durationMs", null],
    ["renewIntervalMs", "x"],
  ])("refuses %s that is %j, as the client does", (option, value) => {
    expect(refusal({ [option]: value })).toContain(option);
  });

  it("with a duration of its own derives its renewals and its deadline from that, not from the client's", () => {
    const slow = { durationMs: 60_000, renewIntervalMs: 20_000, requestTimeoutMs: 5_000 };
    const { timing } = term({ durationMs: 3_000 }, slow);
    expect(timing).toMatchObject({ durationMs: 3_000, renewIntervalMs: 1_000, requestTimeoutMs: 600 });
  });

  it("with a duration of its own keeps what the client says of the service's clock", () => {
    const { timing } = term(
      { durationMs: 3_000 },
      { graceMs: 9_000, serviceClockErrorMs: 700, clockDriftRatio: 0.1 },
    );
    expect(timing).toMatchObject({ graceMs: 9_000, serviceClockErrorMs: 700, clockDriftRatio: 0.1 });
  });

  it("refuses a renewal interval of its own that leaves no second chance", () => {
    expect(refusal({ renewIntervalMs: 7_500 })).toMatch(/renewIntervalMs.*7500.*15000/);
    expect(refusal({ durationMs: 2_000, renewIntervalMs: 1_000 })).toMatch(/renewIntervalMs.*1000.*2000/);
  });

  it("that asks for nothing has the client's timing", () => {
    const around = client({ durationMs: 7_000 });
    expect(parseTerm({}, around).timing).toBe(around.timing);
  });
});

describe("how a term is kept and handed over", () => {
  const DAY = 86_400_000;

  it("is as the options' documentation says unless it is told otherwise", () => {
    expect(term({})).toMatchObject({
      drainMs: 5_000,
      reserveForMs: 10_000,
      holdAtLeastMs: 0,
      lockDelayMs: 0,
      affinity: undefined,
      claimsTick: false,
    });
  });

  it.each(["drainMs", "reserveForMs", "holdAtLeastMs", "lockDelayMs"] as const)(
    "takes %s from 0 to a day, and refuses all else with the bounds",
    (option) => {
      for (const ms of [0, 1, DAY]) expect(term({ [option]: ms })[option]).toBe(ms);
      for (const ms of [-1, DAY + 1, 0.5, Number.NaN, Infinity, null, "5"]) {
        expect(refusal({ [option]: ms })).toMatch(new RegExp(`^${option} .*from 0 to 86400000`));
      }
    },
  );

  it("is kept for an affinity where one is given, with how long", () => {
    const affinity = { label: "eu-west-1", forMs: 120_000 };
    expect(term({ affinity: "eu-west-1", affinityMs: 120_000 }).affinity).toEqual(affinity);
    expect(term({ affinity: "x".repeat(512), affinityMs: 7 * DAY }).affinity?.forMs).toBe(7 * DAY);
    expect(term({ affinity: "@home", affinityMs: 1_000 }).affinity?.label).toBe("@home");
  });

  it.each([
    [{ affinity: "", affinityMs: 1_000 }, /^affinity .*512/],
    [{ affinity: "x".repeat(513), affinityMs: 1_000 }, /^affinity .*512/],
    [{ affinityMs: 1_000 }, /^affinity /],
    [{ affinity: null, affinityMs: 1_000 }, /^affinity /],
    [{ affinity: "a" }, /^affinityMs is missing: affinity needs it, .*from 1000 to 604800000$/],
    [{ affinity: "a", affinityMs: 999 }, /^affinityMs .*from 1000 to 604800000/],
    [{ affinity: "a", affinityMs: 604_800_001 }, /^affinityMs /],
    [{ affinity: "a", affinityMs: 1_000, holdAtLeastMs: 1 }, /^holdAtLeastMs .*affinity for "a"/],
  ])("refuses to be kept for %j", (options, message) => {
    expect(refusal(options)).toMatch(message);
  });

  it("refuses ids that could be taken for an affinity", () => {
    expect(refusal({ holder: "@eu" })).toMatch(/^holder must not begin with "@"/);
    const wrong = () => parseStepDown({ reserveFor: "@eu" }, term({}));
    expect(leaseErrorIn(wrong, "INVALID_ARGUMENT").message).toMatch(/^reserveFor must not begin with "@"/);
  });

  it("steps down as the term says unless it is told otherwise, and refuses what is out of bounds", () => {
    const settings = term({ drainMs: 7, reserveForMs: 8 });
    expect(parseStepDown({}, settings)).toEqual({ reserveFor: undefined, reserveForMs: 8, drainMs: 7 });
    const other = { reserveFor: "bob", reserveForMs: 0, drainMs: 0 };
    expect(parseStepDown(other, settings)).toEqual(other);
    for (const wrong of [
      { reserveFor: "" },
      { reserveFor: "x".repeat(641) },
      { reserveForMs: -1 },
      { drainMs: DAY + 1 },
    ]) {
      const [option] = Object.keys(wrong);
      const { message } = leaseErrorIn(() => parseStepDown(wrong, settings), "INVALID_ARGUMENT");
      expect(message).toContain(option);
    }
  });
});

describe("how long a wait may last", () => {
  it("is for ever unless it is said", () => {
    expect(parseTimeout(undefined)).toBe(Number.POSITIVE_INFINITY);
    expect(parseTimeout(0)).toBe(0);
  });

  it.each([
    ["NaN", Number.NaN],
    ["negative", -1],
    ["fractional", 0.5],
    ["infinite", Infinity],
    ["null", null],
    ["a string", "5"],
  ])("is refused when it is %s", (_, timeoutMs) => {
    expect(leaseErrorIn(() => parseTimeout(timeoutMs), "INVALID_ARGUMENT").message).toContain("timeoutMs");
  });
});
