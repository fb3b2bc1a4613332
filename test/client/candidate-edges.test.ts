import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { ProcessClock } from "../support/process-clock.ts";
import { noted } from "../support/candidates.ts";

describe("at its edges, an election", () => {
  it("says on a resumed term how strong its present holder is", async () => {
    for (const [before, after] of [
      [9, 0],
      [0, 9],
    ] as const) {
      const { client, table } = manual();
      const options = { id: "pod-0", register: false } as const;
      await client()
        .candidate("a", { ...options, priority: before, renew: "manual" })
        .campaign();
      await client()
        .candidate("a", { ...options, priority: after, renew: "manual" })
        .campaign();
      expect(table.peek("a")?.priority ?? 0).toBe(after);
    }
  });

  it("closes a resumed term after a crash for as long as its present holder wants", async () => {
    const { client, table } = manual();
    const options = { id: "pod-0", register: false, renew: "manual" } as const;
    await client().candidate("a", options).campaign();
    await client()
      .candidate("a", { ...options, lockDelayMs: 60_000 })
      .campaign();
    expect(table.peek("a")?.lockDelayMs).toBe(60_000);
  });

  it("gives a present leader its lease or a campaign, never nothing, at whatever look its term ends", async () => {
    for (let looks = 0; looks < 12; looks += 1) {
      const { client, clock } = manual();
      const slow = new ProcessClock(clock);
      let left = Number.POSITIVE_INFINITY;
      const counting = {
        now: () => {
          left -= 1;
          if (left < 0) slow.stall(60_000);
          if (left < 0) left = Number.POSITIVE_INFINITY;
          return slow.now();
        },
        timer: slow.timer.bind(slow),
      };
      const candidate = client({ clock: counting }).candidate("a", { renew: "manual", register: false });
      await candidate.campaign();
      left = looks;
      const lease = await candidate
        .campaign({ signal: AbortSignal.abort() })
        .catch((error: unknown) => error);
      expect(lease, `the term ends at look ${looks}`).toBeDefined();
    }
  });

  it("never says of a second request for somebody else that it stands when it does not", async () => {
    const { client, table } = manual();
    const leases = client();
    await leases.acquire("a", { renew: "manual" });
    await leases.requestStepDown("a", { reserveFor: "bob" });
    const second = await leases.requestStepDown("a", { reserveFor: "carl" });
    if (second.kind === "requested") expect(table.peek("a")?.requestedBy).toBe("carl");
  });

  it("tells who leads to a candidate that gives up at once", async () => {
    const { client } = manual();
    const lease = await client().acquire("a");
    const { candidate, told } = noted(client(), "a");
    await leaseErrorOf(candidate.campaign({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    expect(told).toEqual([`leader ${lease.holder}`]);
  });

  it("never says of a transfer that it succeeded when another gets the lease", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const leader = noted(leases, "a", { minTermMs: 86_400_000 });
    await leader.candidate.campaign();
    const bob = leases.candidate("a");
    const campaigning = bob.campaign().catch(() => undefined);
    await clock.advance(100);
    await leases.requestStepDown("a", { reserveFor: "carl" });
    await clock.advance(5_000);
    const transferring = leader.candidate.transferTo(bob.id).catch(() => "refused");
    await clock.advance(5_000);
    const result = await transferring;
    const kept = table.peek("a")?.reservedFor;
    expect([result, kept]).not.toEqual([{ kind: "released" }, "carl"]);
    await leases.close();
    await campaigning;
  });
});
