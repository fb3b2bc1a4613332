import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { type Lease, LeaseClient, recoveryBoundMs } from "leasehold";
import { InMemoryLeaseStore, ManualClock, SeededRandom } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { parseTiming } from "../../lib/core/timing.ts";
import { rowsOf } from "../support/pages.ts";

const number = (text: string): number => Number(text.replaceAll(/[, s]/g, ""));

/** Clients of one table, in a world whose time the test moves. */
function world() {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  let seed = 0;
  const client = (options: object = {}) =>
    new LeaseClient({ store, clock, random: new SeededRandom((seed += 1)), ...options });
  return { clock, client };
}

describe("the table of lengths", () => {
  const PAGE = "docs/guides/lease-duration.md";
  const SECONDS_PER_MONTH = 2_628_000;
  const rows = rowsOf(PAGE, /^[\d,]+$/).map(([duration = "", ...cells]) => ({
    durationMs: number(duration),
    cells,
  }));

  it("has the lengths that there are to choose from", () => {
    expect(rows.map(({ durationMs }) => durationMs)).toEqual([
      5_000, 10_000, 15_000, 30_000, 60_000, 300_000,
    ]);
  });

  it.each(rows)("tells what $durationMs ms cost, and how long a crash does", ({ durationMs, cells }) => {
    const [crash = "", , renewal = "", renewals = "", usd = ""] = cells;
    const timing = parseTiming({ durationMs });
    expect(Math.ceil(recoveryBoundMs(timing) / 100) / 10).toBe(number(crash));
    expect((timing.renewIntervalMs / 1000).toFixed(1)).toBe(number(renewal).toFixed(1));
    const writes = (SECONDS_PER_MONTH * 1000) / timing.renewIntervalMs;
    expect(Math.round(writes)).toBe(number(renewals));
    expect(((writes * 0.625) / 1_000_000).toFixed(2)).toBe(usd);
  });

  it.each(rows)("tells which pause a leader with $durationMs ms survives", async ({ durationMs, cells }) => {
    const pauseMs = number(cells[1] ?? "") * 1000;
    const { renewIntervalMs, requestTimeoutMs, clockDriftRatio } = parseTiming({ durationMs });
    const formula = durationMs * (1 - clockDriftRatio) - renewIntervalMs - requestTimeoutMs;
    expect(Math.floor(formula / 100) * 100).toBe(pauseMs);

    const { clock, client } = world();
    const leases = client({ durationMs });
    const survives = async (ms: number): Promise<boolean> => {
      const lease = await leases.acquire("paused");
      await clock.advance(renewIntervalMs - 1); // Right before the first renewal.
      clock.freeze(ms);
      await clock.advance(durationMs);
      const held = lease.isHeld();
      await lease.release();
      return held;
    };
    expect(await survives(pauseMs)).toBe(true);
    expect(await survives(durationMs)).toBe(false);
  });
});

describe("the limits", () => {
  const PAGE = "docs/guides/limits.md";
  /** The largest that each row allows, in the words of the option that it is about. */
  const most = (first: string): number => {
    const [, , cell = ""] = rowsOf(PAGE, /./).find(([what = ""]) => what.startsWith(first)) ?? [];
    return number(/^[\d,.]+/.exec(cell)?.[0] ?? "");
  };
  const refused = { code: "INVALID_ARGUMENT" };
  const leases = () => world().client();

  it.each([
    ["name of a lease", (text: string) => leases().tryAcquire(text)],
    ["`holder`", (holder: string) => leases().tryAcquire("job", { holder })],
    ["`id` of a", async (id: string) => leases().candidate("job", { id }).leader()],
    ["`affinity`", (affinity: string) => leases().tryAcquire("job", { affinity, affinityMs: 1_000 })],
  ])("of %s are the client's own", async (row, call) => {
    const bytes = most(row);
    await expect(call("x".repeat(bytes))).resolves.toBeDefined();
    await expect(call("x".repeat(bytes + 1))).rejects.toMatchObject(refused);
    await expect(call("")).rejects.toMatchObject(refused);
  });

  it.each([
    ["durationMs", 1_000],
    ["retryIntervalMs", 50],
    ["graceMs", 1_500],
    ["serviceClockErrorMs", 0],
    ["clockDriftRatio", 0],
    ["retentionMs", 86_400_000],
  ])("of the client's %s are the client's own", (option, least) => {
    const make = (value: number) => {
      const graceMs = option === "serviceClockErrorMs" ? { graceMs: 1_000 + 2 * value } : {};
      return world().client({ ...graceMs, [option]: value });
    };
    const largest = most(`\`${option}\``);
    const step = option === "clockDriftRatio" ? 0.001 : 1;
    for (const value of [least, largest]) expect(() => make(value)).not.toThrow();
    for (const value of [least - step, largest + step]) expect(() => make(value)).toThrow();
  });

  it.each(["drainMs", "reserveForMs", "holdAtLeastMs", "lockDelayMs", "affinityMs"])(
    "of a term's %s are the client's own",
    async (option) => {
      const label = option === "affinityMs" ? { affinity: "label" } : {};
      const call = (value: number) => leases().tryAcquire("job", { ...label, [option]: value });
      const largest = most(option === "affinityMs" ? "`affinityMs`" : "`drainMs`");
      await expect(call(largest)).resolves.toMatchObject({ kind: "acquired" });
      await expect(call(largest + 1)).rejects.toMatchObject(refused);
    },
  );

  it("of a tick are the client's own", async () => {
    const [, least = ""] = rowsOf(PAGE, /./).find(([what = ""]) => what.startsWith("`tick`")) ?? [];
    const call = (ms: number) => leases().tryAcquire("job", { tick: new Date(ms) });
    await expect(call(Date.parse(least))).resolves.toMatchObject({ kind: "acquired" });
    await expect(call(Date.parse(least) - 1)).rejects.toMatchObject(refused);
    await expect(call(Date.now() + 2 * 86_400_000)).rejects.toMatchObject(refused);
  });

  it("of a candidate's priority are the client's own", () => {
    const largest = most("`priority`");
    const call = (priority: number) => leases().candidate("job", { priority });
    for (const value of [largest, -largest]) expect(() => call(value)).not.toThrow();
    for (const value of [largest + 1, -largest - 1, 0.5]) expect(() => call(value)).toThrow();
  });
});

describe("what the guide to deployments says of durations that differ", () => {
  it("is so: the row's length counts, not that of who waits", async () => {
    const { clock, client } = world();
    const long = await client({ durationMs: 60_000 }).tryAcquire("job", { renew: "manual" }); // As good as crashed.
    expect(long.kind).toBe("acquired");
    const waiting = client({ durationMs: 5_000 });
    let next: Lease | undefined;
    const acquired = waiting.acquire("job").then((lease) => (next = lease));
    await clock.advance(60_000);
    expect(next).toBeUndefined();
    const timing = parseTiming({ durationMs: 60_000 });
    await clock.advance(recoveryBoundMs(timing) - 60_000);
    expect(next).toBeDefined();
    const lease = await acquired;
    expect(lease.remainingMs()).toBeGreaterThan(0);
    expect(lease.remainingMs()).toBeLessThanOrEqual(5_000);
  });
});

// The CDK alone takes a starved machine half a minute to load.
describe("the guide to VPCs", { timeout: 300_000 }, () => {
  it("gives private subnets a route to DynamoDB, and none to anywhere else", async () => {
    const { PrivateStack } = await import("../../examples/vpc.ts");
    const bundle = new URL("../../examples/table", import.meta.url).pathname;
    const template = Template.fromStack(new PrivateStack(new App(), "Private", { bundle }));
    const tables = Object.keys(template.findResources("AWS::EC2::RouteTable"));
    expect(tables.length).toBeGreaterThan(1);
    template.resourceCountIs("AWS::EC2::NatGateway", 0);
    template.resourceCountIs("AWS::EC2::Route", 0);
    template.hasResourceProperties("AWS::EC2::VPCEndpoint", {
      VpcEndpointType: "Gateway",
      RouteTableIds: tables.map((Ref) => ({ Ref })),
    });
  });
});
