import type { CallOptions, LeaseStore } from "../../lib/core/ports.ts";
import type { WriteOutcome } from "../../lib/core/outcome.ts";
import { type EpochMs, epochMs } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";

/** A call that nobody ends. */
export const call: CallOptions = { signal: new AbortController().signal };

/** An epoch time of no importance. */
export const NOW: EpochMs = epochMs(1_767_225_600_000);

/** A write spelt out by hand: whatever it expects, sets and clears. */
export function literal(
  name: string,
  writeId: string,
  parts: Partial<Pick<LeaseWrite, "expects" | "set" | "clear" | "beginsTerm" | "kind">>,
): LeaseWrite {
  return { kind: "renew", name, writeId, expects: {}, set: {}, clear: [], beginsTerm: false, ...parts };
}

/** The first claim of a lease, spelt out: token 1000, held by `ann`, written by `w-claim`. */
export function firstClaim(name: string): LeaseWrite {
  return literal(name, "w-claim", {
    kind: "claim",
    expects: { vacant: true, tokenBelow: 1_000 },
    set: {
      holder: "ann",
      token: 1_000,
      durationMs: 2_000,
      expiresAt: epochMs(3_000),
      acquiredAt: epochMs(1_000),
      renewedAt: epochMs(1_000),
      ttl: 99,
    },
    clear: ["value"],
    beginsTerm: true,
  });
}

/** The record that {@link firstClaim} leaves behind. */
export function claimedRecord(name: string) {
  return {
    name,
    holder: "ann",
    token: 1_000,
    revision: 1,
    transitions: 1,
    writeId: "w-claim",
    durationMs: 2_000,
    expiresAt: 3_000,
    acquiredAt: 1_000,
    renewedAt: 1_000,
    ttl: 99,
  };
}

/** Sends a write that has to be applied, and returns its outcome. */
export async function written(
  store: LeaseStore,
  write: LeaseWrite,
): Promise<Extract<WriteOutcome, { kind: "written" }>> {
  const outcome = await store.write(write, call);
  if (outcome.kind !== "written") throw new Error(`expected it to be written, it was ${outcome.kind}`);
  return outcome;
}

/** Sends a write that has to be refused, and returns its outcome. */
export async function refused(
  store: LeaseStore,
  write: LeaseWrite,
): Promise<Extract<WriteOutcome, { kind: "refused" }>> {
  const outcome = await store.write(write, call);
  if (outcome.kind !== "refused") throw new Error(`expected it to be refused, it was ${outcome.kind}`);
  return outcome;
}
