import { expect, it } from "vitest";
import { measureFloor } from "./floor/part.ts";
import { sectionOf } from "./floor/section.ts";

it("measures each operation by each contender, on the engine and without, and counts what is sent", async () => {
  const { signal } = new AbortController();
  const findings = await measureFloor({ smoke: true, signal, progress: () => undefined });
  const { tables, targets, plots } = sectionOf(findings);
  const measured = findings.measurements.map(({ on, operation }) => `${operation} ${on}`);
  expect(measured).toEqual(
    ["acquire and release", "renew", "refusal"].flatMap((operation) => [
      `${operation} engine`,
      `${operation} stub`,
    ]),
  );
  for (const round of findings.measurements.flatMap(({ rounds }) => Object.values(rounds).flat())) {
    expect(round.wallUs).toBeGreaterThan(0);
    expect(round.cpuUs).toBeGreaterThan(0);
  }
  const [ratios, times, wire] = tables;
  expect([ratios?.rows.length, times?.rows.length, plots.length, targets.length]).toEqual([6, 18, 1, 9]);
  expect(wire?.rows.map(([operation, of, requests]) => [operation, of, requests])).toEqual([
    ["acquire and release", "leasehold's", 2],
    ["acquire and release", "minimal", 2],
    ["renew", "leasehold's", 1],
    ["renew", "minimal", 1],
    ["refusal", "leasehold's", 1],
    ["refusal", "minimal", 1],
  ]);
  // The package asks for the row that decided, so its commands and their answers are the larger ones.
  for (const [ours, minimal] of pairs(findings.wire)) {
    expect(ours?.sent).toBeGreaterThan(minimal?.sent ?? 0);
    expect(ours?.received).toBeGreaterThanOrEqual(minimal?.received ?? 0);
    expect(minimal?.received).toBeGreaterThan(0);
  }
});

function* pairs(wire: Awaited<ReturnType<typeof measureFloor>>["wire"]) {
  for (let at = 0; at < wire.length; at += 2) {
    const [ours, minimal] = [wire[at], wire[at + 1]];
    for (const [command, bytes] of (ours?.commands ?? []).entries())
      yield [bytes, minimal?.commands[command]] as const;
  }
}
