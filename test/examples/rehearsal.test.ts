import { describe, expect, it } from "vitest";
import { rehearseMyJob } from "../../examples/rehearsal.ts";

describe("the example rehearsal", () => {
  it("meets every kind of fault and appends under rising tokens", async () => {
    const { written, report } = await rehearseMyJob(7);
    expect(report.errors).toEqual([]);
    for (const [kind, count] of Object.entries(report.faults)) expect(count, kind).toBeGreaterThan(0);
    expect(written.length).toBeGreaterThan(10);
    expect(written).toEqual(written.toSorted((a, b) => a - b));
  });

  it("repeats itself under the same seed, and not under another", async () => {
    const [first, again, other] = [await rehearseMyJob(11), await rehearseMyJob(11), await rehearseMyJob(12)];
    expect(again).toEqual(first);
    expect(other.written).not.toEqual(first.written);
  });
});
