import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Bill, billOf, LIST_PRICES, SECONDS_PER_MONTH } from "../../lib/cli/cost/bill.ts";
import { dollarsOf, numberOf } from "../../lib/cli/cost/picture.ts";
import { requestsOf, type Shape } from "../../lib/cli/cost/requests.ts";
import { exitCodeOf, lineOf } from "../../lib/cli/failure.ts";
import { makeProgram } from "../../lib/cli/program.ts";
import { runCli } from "../support/cli.ts";
import { jsonOf, SHAPES } from "../support/cli-shapes.ts";
import { planOf } from "../support/cost-plans.ts";
import { read, rowsOf } from "../support/pages.ts";

describe("a bill", () => {
  it("says which limit binds first, and from how many leases on", () => {
    const single = { as: "single", standbys: 0, registrationMs: undefined } as const;
    const [first] = billOf(planOf(1_000, single)).limits;
    expect(first).toMatchObject({ limit: "writes to a new table", share: 0.05, reachedAt: 20_000 });
    const [over] = billOf(planOf(1_000_000, single)).limits;
    expect(over).toMatchObject({ limit: "writes to a new table", share: 50 });
    const [group] = billOf(planOf(1_000_000, { as: "group", groups: 1 })).limits;
    expect(group).toMatchObject({ limit: "reads of one partition key", operation: "read" });
    expect(group?.share).toBeCloseTo(0.285, 2);
    const crowd = { as: "single", standbys: 6_001, registrationMs: undefined } as const;
    expect(billOf(planOf(1, crowd)).limits[0]?.limit).toBe("reads of one partition key");
  });

  it("counts a unit for each KB that is written, and each 4 KB that are read", () => {
    const shape = { as: "single", standbys: 1, registrationMs: undefined } as const;
    const units = (valueBytes: number) =>
      requestsOf(planOf(1, shape, { valueBytes })).map(({ unitsEach }) => unitsEach);
    expect([units(0), units(804), units(805), units(4_000)]).toEqual([
      [1, 1],
      [1, 1],
      [2, 1],
      [5, 2],
    ]);
  });
});

/** Runs the command in this process, which is a second sooner. */
async function inProcess(...lines: readonly string[]) {
  const args = lines.flatMap((line) => line.split(" ")).filter((word) => word !== "");
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const { exitCode } = process;
  try {
    await makeProgram().parseAsync(["cost", ...args], { from: "user" });
    return { stdout: write.mock.calls.join(""), error: undefined };
  } catch (error) {
    return { stdout: write.mock.calls.join(""), error };
  } finally {
    write.mockRestore();
    process.exitCode = exitCode;
  }
}

describe("leasehold cost", () => {
  it("shows what there is to pay, and needs neither a table nor a region", async () => {
    const env = { AWS_REGION: "" };
    const { code, stdout, stderr } = await runCli({ env }, "cost", "--leases", "1000", "--standbys", "2");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^renewals +200 +525,600,000 +525,600,000 write +328\.50$/m);
    expect(stdout).toMatch(/^in all +657\.00$/m);
    expect(stdout).toMatch(/^binds first: reads of a new table$/m);
    expect(stdout).toContain(`${LIST_PRICES.region}, on demand, since ${LIST_PRICES.since}`);
  });

  it.each<[args: string, as: Shape["as"], usd: number]>([
    ["", "single", 0.3285],
    [
      "--leases 10 --standbys 1 --listed --renew-interval 4s",
      "single",
      10 * (0.41063 + 0.16425 + 2 * 0.05475),
    ],
    ["--schedule-every 1m --standbys 1 --work 12s", "schedule", 5 * 0.027375],
    ["--as group --leases 1000", "group", 0.6132],
    ["--as workers --workers 4 --leases 64", "workers", 2.0367],
    ["--price-per-million-writes 1 --value-bytes 900", "single", 1.0512],
  ])("prints for programs what costs what: %s", async (args, as, usd) => {
    const told = jsonOf("cost", (await inProcess("--json", args)).stdout);
    expect(told.as).toBe(as);
    expect(told.usdPerMonth).toBeCloseTo(usd, 3);
    expect(told.prices.region).toBe(args.includes("price") ? null : LIST_PRICES.region);
  });

  it.each([
    ["--leases 0", /^--leases must be a whole number from 1 to 1000000000, not "0"$/],
    ["--as group --standbys 1", /^--standbys goes with --as single or --schedule-every only$/],
    ["--as workers --schedule-every 1m", /^--schedule-every does not go with --as workers/],
    ["--renew-interval 10s", /^--renew-interval \(10000 ms\) must be .* of --duration \(15000 ms\)$/],
    ["--price-per-million-reads free", /^--price-per-million-reads must be USD from 0/],
    ["--duration 60ms", /^--duration must be .* from 1 s to 24 h, not "60ms"$/],
    ["--renew-interval 10ms", /^--renew-interval must be .* from 50 ms to 24 h, not "10ms"$/],
    ["--retry-interval 49ms", /^--retry-interval must be .* from 50 ms to 24 h, not "49ms"$/],
    ["--schedule-every 1m --work 25h", /^--work must be .* from 0 s to 24 h, not "25h"$/],
    ["--work 5s", /^--work goes with --schedule-every only$/],
  ])("refuses %s", async (args, said) => {
    const { stdout, error } = await inProcess(args);
    expect(stdout).toBe("");
    expect([exitCodeOf(error), lineOf(error)]).toEqual([2, expect.stringMatching(said)]);
  });

  it("has a schema beside the guides", () => {
    expect(JSON.parse(read("docs/schemas/cost.schema.json"))).toEqual(z.toJSONSchema(SHAPES.cost));
  });
});

describe("the guide to cost", () => {
  const shapes: Readonly<Record<string, Shape>> = {
    "leases of their own": { as: "single", standbys: 0, registrationMs: undefined },
    "leases of their own, a standby each": { as: "single", standbys: 1, registrationMs: undefined },
    "shards of one group": { as: "group", groups: 1 },
    "shards of one group, 4 workers": { as: "workers", groups: 1, workers: 4 },
    "functions, every minute": { as: "schedule", everyMs: 60_000, standbys: 0, workMs: 0 },
    "functions, every minute, twice": { as: "schedule", everyMs: 60_000, standbys: 1, workMs: 0 },
  };
  const cells = ({ usd, limits: [first] }: Bill): string[] => [
    dollarsOf(usd),
    `${first?.limit}: ${numberOf((first?.share ?? 0) * 100)} %`,
    first?.reachedAt === undefined ? "" : first.reachedAt.toLocaleString("en"),
  ];

  it("has the figures that the command reckons", () => {
    const rowOf = (named: string, leases: number, shape: Shape): string[] =>
      [named, leases.toLocaleString("en")].concat(cells(billOf(planOf(leases, shape))));
    const expected = Object.entries(shapes).flatMap(([named, shape]) =>
      [1, 1_000, 1_000_000].map((leases) => rowOf(named, leases, shape)),
    );
    const stated = rowsOf("docs/guides/cost.md", /^(leases|shards|functions)/);
    expect(stated).toEqual(expected);
  });

  it("counts months as AWS does", () => {
    expect(SECONDS_PER_MONTH).toBe(730 * 3_600);
  });
});
