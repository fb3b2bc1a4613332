import { performance } from "node:perf_hooks";
import { type Lease, onLeaseEvent } from "../../../lib/index.ts";
import { shardRow } from "../../../lib/core/names.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { rowName, type Span } from "../checks/history.ts";
import type { Report } from "./messages.ts";

/** Why each term of this process could begin, as its client said. */
const proofs = new Map<string, string>();
onLeaseEvent((event, details) => {
  if (event === "acquired" && "because" in details) {
    const { holder, token, shard } = details;
    proofs.set(`${holder} ${token} ${shard}`, details.because);
  }
});

/** How often a handle is asked, and how often that is told, in ms. */
export interface Pace {
  readonly sampleEveryMs: number;
  readonly reportEveryMs: number;
}

/** For a lease of its own. */
const OFTEN: Pace = { sampleEveryMs: 4, reportEveryMs: 40 };
/** For one shard of several that a process leads. */
const NOW_AND_THEN: Pace = { sampleEveryMs: 10, reportEveryMs: 250 };

/**
 * Asks a handle over and over whether it is held, until it says no, and reports when it said yes. It only asks:
 * when the process is frozen or late, the handle's answer counts and not this timer's idea of it.
 */
export function observeTerm(lease: Lease, report: (report: Report) => void): void {
  const { holder, token, name, shard } = lease;
  const row = shard === undefined ? undefined : rowName(name, shardRow(shard));
  const { sampleEveryMs, reportEveryMs } = shard === undefined ? OFTEN : NOW_AND_THEN;
  const proof = `${holder} ${token} ${shard}`;
  const term = { row, holder, token, pid: process.pid, because: proofs.get(proof) };
  proofs.delete(proof);
  let first: Span | undefined;
  let last: Span | undefined;
  let samples = 0;
  let reportedAt = 0;

  const tell = (): void => {
    if (first === undefined || last === undefined) return;
    report({ kind: "held", ...term, first, last, samples });
    reportedAt = performance.now();
  };
  const sample = (): void => {
    const before = monotonicMs();
    const held = lease.isHeld();
    const after = monotonicMs();
    if (!held) {
      clearInterval(timer);
      tell();
      report({ kind: "over", token, row });
      return;
    }
    samples += 1;
    last = { before, after };
    first ??= last;
    if (samples === 1 || performance.now() - reportedAt >= reportEveryMs) tell();
  };
  report({ kind: "began", ...term });
  const timer = setInterval(sample, sampleEveryMs);
  sample();
}
