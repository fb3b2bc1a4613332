import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FigureTable } from "./part.ts";
import { CONTENDERS } from "./peers/contenders.ts";
import { peers } from "./peers/part.ts";
import { commandReader } from "./peers/wires/redis.ts";

const { satisfies } = createRequire(import.meta.url)("semver") as {
  readonly satisfies: (version: string, range: string) => boolean;
};

const context = { smoke: true, signal: new AbortController().signal, progress: () => {} };
const fileOf = (name: string): string => readFileSync(join(import.meta.dirname, "peers", name), "utf8");

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly deprecated?: string;
  readonly engines?: { readonly node?: string };
}

it("counts what this package sends, and says of each that is not there why, and no target of it", async () => {
  const sections = await peers.run(context);
  const tables = sections.flatMap((section) => section.tables);
  const rowsOf = (column: string): FigureTable["rows"] =>
    tables.find(({ columns }) => columns.includes(column))?.rows ?? [];
  const [cycle, ...others] = rowsOf("requests per cycle");
  expect(cycle?.slice(0, 4)).toEqual(["leasehold", "DynamoDB engine, in memory", 2, 0]);
  expect(others).toHaveLength(CONTENDERS.filter((contender) => contender.package !== undefined).length);
  for (const [, why] of others) expect(why).toBe("not installed: left out of a smoke run");
  // A release, a look that finds the lease vacant, a claim. The look may have been on its way when the release was sent.
  expect(parseFloat(String(rowsOf("requests of both meanwhile")[0]?.[2]))).toBeGreaterThanOrEqual(2);
  // At least a look that finds the term over, and a take-over.
  expect(parseFloat(String(rowsOf("stays: requests")[0]?.[2]))).toBeGreaterThanOrEqual(2);
  expect(rowsOf("acquire")[0]?.[1]).toMatch(/^holds it after .* \d+ requests$/);
  expect(rowsOf("release")[0]?.[1]).toMatch(
    /^says `released` after .* \d+ requests; then the next one has it/,
  );
  expect(rowsOf("1, same settings")[0]?.slice(1).join()).toMatch(/^\d+ \(\d+ reads\),/);
  expect(sections.flatMap(({ targets }) => targets)).toEqual([]);
}, 30_000);

it("installs exact versions that run on the Node of this package, from no registry in particular", () => {
  const { dependencies } = JSON.parse(fileOf("package.json")) as { dependencies: Record<string, string> };
  const { packages } = JSON.parse(fileOf("package-lock.json")) as { packages: Record<string, Locked> };
  for (const [name, version] of Object.entries(dependencies))
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
  const all = Object.entries(packages);
  expect(all.length).toBeGreaterThan(50);
  expect(
    all.filter(([, { resolved, deprecated }]) => resolved !== undefined || deprecated !== undefined),
  ).toEqual([]);
  const node = process.versions.node;
  expect(all.filter(([, { engines }]) => !satisfies(node, engines?.node ?? "*"))).toEqual([]);
  expect(
    CONTENDERS.map((contender) => contender.package ?? "").filter(
      (name) => name !== "" && !(name in dependencies),
    ),
  ).toEqual([]);
});

it("reads the commands that a client of Redis sends, however they are cut", () => {
  const bytes = Buffer.from("*3\r\n$7\r\nevalsha\r\n$3\r\n*1\r\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n");
  const whole = commandReader();
  expect(whole(bytes)).toEqual(["EVALSHA", "PING"]);
  const cut = commandReader();
  expect([...bytes].flatMap((byte) => cut(Buffer.of(byte)))).toEqual(["EVALSHA", "PING"]);
});
