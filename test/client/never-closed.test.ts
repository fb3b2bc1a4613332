import { describe, expect, it } from "vitest";
import { register } from "../../lib/core/auxiliary-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import { InMemoryLeaseStore } from "../../lib/testing/index.ts";
import { manual } from "../support/manual.ts";

describe("a lease that seemed closed for good", () => {
  it("an operator can open a lease that is reserved for somebody who is gone", async () => {
    const { client } = manual();
    const leases = client();
    const lease = await leases.acquire("a");
    await lease.stepDown({ reserveFor: "gone", reserveForMs: 86_400_000, drainMs: 0 });
    await leases.forceRelease("a");
    expect((await client().tryAcquire("a")).kind).toBe("acquired");
  });

  it("the table in memory keeps rows apart whose ids and names have line breaks", async () => {
    const store = new InMemoryLeaseStore();
    const who = (id: string) => ({
      writeId: `w-${id}`,
      id,
      priority: 0,
      sequence: 1,
      now: epochMs(1),
      forMs: 1,
      since: epochMs(1),
    });
    expect((await store.write(register("b\nc", who("a")))).kind).toBe("written");
    expect((await store.write(register("c", who("a\nb")))).kind).toBe("written");
  });
});
