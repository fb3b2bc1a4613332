import { describe, expect, it } from "vitest";
import { type Held, Holdings } from "../../lib/client/holdings.ts";
import { epochMs, instant, type Reading } from "../../lib/core/units.ts";
import { manual } from "../support/manual.ts";
import { ProbeStore } from "../support/probe-store.ts";

const readingAt = (ms: number): Reading => ({
  mono: instant(ms),
  wall: epochMs(ms),
  passed: instant(ms),
  low: 0,
});

/** Something held that waits for a header, and what it was told. */
function held(hearsFrom: number, after = hearsFrom) {
  const told: number[] = [];
  const one: Held & { hearsFrom: number } = {
    hearsFrom,
    heard: (date) => {
      told.push(date);
      one.hearsFrom = after;
    },
    release: () => Promise.resolve({ kind: "released" }),
  };
  return { one, told };
}

/** Holdings that have heard a header a moment ago. */
function hearing(...all: readonly Held[]): Holdings {
  const holdings = new Holdings();
  holdings.heard(epochMs(0), readingAt(0));
  for (const one of all) holdings.add(one);
  return holdings;
}

describe("what a client holds", () => {
  it("is told of the headers that it waits for, and of no others", () => {
    const soon = held(5_000, 9_000);
    const later = held(7_000, Infinity);
    const never = held(Infinity);
    const holdings = hearing(soon.one, later.one, never.one);
    for (let at = 1; at < 10; at += 1) holdings.heard(epochMs(at * 1_000), readingAt(at));
    expect(soon.told).toEqual([5_000, 9_000]);
    expect(later.told).toEqual([7_000]);
    expect(never.told).toEqual([]);
  });

  it("is asked only when a header comes that one of them may wait for", () => {
    let asked = 0;
    const { one } = held(0);
    Object.defineProperty(one, "hearsFrom", { get: () => ((asked += 1), 5_000) });
    const holdings = hearing(one);
    asked = 0;
    for (let at = 1; at < 1_000; at += 1) holdings.heard(epochMs(4_000), readingAt(at / 1_000));
    expect(asked).toBe(0);
  });

  it("is told of any header once it has lost sight of the store", () => {
    const far = held(50_000, 50_000);
    const holdings = hearing(far.one);
    holdings.heard(epochMs(1_000), readingAt(1));
    far.one.hearsFrom = -Infinity;
    holdings.listenFrom(-Infinity);
    holdings.heard(epochMs(1_000), readingAt(2));
    holdings.heard(epochMs(1_000), readingAt(3));
    expect(far.told).toEqual([1_000]);
  });

  it("is told of the first header after a second of silence, whatever it waits for: the process may have been frozen", () => {
    const far = held(Infinity);
    const holdings = hearing(far.one);
    holdings.heard(epochMs(0), readingAt(900));
    expect(far.told).toEqual([]);
    holdings.heard(epochMs(0), readingAt(2_000));
    expect(far.told).toEqual([0]);
  });
});

describe("a client that holds many leases", () => {
  it("ends the one that a header proves over, at once", async () => {
    const { clock, client, table } = manual();
    let aheadMs = 0;
    const store = new (class extends ProbeStore {
      override async read(...asked: Parameters<ProbeStore["read"]>) {
        const { record, servedAt = 0 } = await super.read(...asked);
        return { record, servedAt: epochMs(servedAt + aheadMs) };
      }
    })(table);
    await using leases = client({ store });
    const kept = await leases.acquire("kept", { renew: "manual" });
    await clock.advance(3_000);
    const other = await leases.acquire("other", { renew: "manual" });
    // The process stands still, and neither of its clocks shows it: the service's has gone on.
    aheadMs = 14_000;
    const ended = new Promise((resolve) => {
      kept.signal.addEventListener("abort", resolve);
    });
    await leases.get("other");
    await ended;
    expect(kept.end).toMatchObject({ reason: "expired" });
    expect(other.isHeld()).toBe(true);
  });
});
