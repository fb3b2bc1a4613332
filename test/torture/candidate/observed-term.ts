import { performance } from "node:perf_hooks";
import { type Lease, onLeaseEvent } from "../../../lib/index.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import type { Span } from "../checks/history.ts";
import type { Report } from "./messages.ts";

/** Why each term of this process could begin, as its client said. */
const proofs = new Map<string, string>();
onLeaseEvent((event, details) => {
  if (event === "acquired" && "because" in details) {
    proofs.set(`${details.holder} ${details.token}`, details.because);
  }
});

const SAMPLE_EVERY_MS = 4;
const REPORT_EVERY_MS = 40;

/**
 * Asks a handle over and over whether it is held, until it says no, and reports when it said yes. It only asks:
 * when the process is frozen or late, the handle's answer counts and not this timer's idea of it.
 */
export function observeTerm(lease: Lease, report: (report: Report) => void): void {
  const { holder, token } = lease;
  const term = { holder, token, pid: process.pid, because: proofs.get(`${holder} ${token}`) };
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
      report({ kind: "over", token });
      return;
    }
    samples += 1;
    last = { before, after };
    first ??= last;
    if (samples === 1 || performance.now() - reportedAt >= REPORT_EVERY_MS) tell();
  };
  report({ kind: "began", ...term });
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  sample();
}
