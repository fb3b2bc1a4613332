import { setTimeout as delay } from "node:timers/promises";
import { type DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { numberPendingInvoices } from "../../../lambda/invoicing.ts";
import { fenced, isLeaseError, type Lease } from "../../../lib/index.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import type { CandidateConfig, Report } from "./messages.ts";
import { observeTerm } from "./observed-term.ts";

/** What one term of leadership consists of. */
export interface TermPlan {
  /** How long to lead, in ms. */
  readonly forMs: number;
  /** Whether it never asks if it still leads, as code that forgot to: then the fence alone keeps it honest. */
  readonly careless: boolean;
  readonly proclaims: boolean;
  /** Whether nobody renews it. */
  readonly lapses: boolean;
}

const RENDER_MS = 12;
const PAUSE_MS = 60;

/**
 * Numbers invoices for as long as planned, or until the term is over or to be handed over. A write without a clear answer ends it, so
 * that it never counts on from a guess. Resolves to whether the work came to its end.
 */
export async function lead(
  { invoiceTable, leaseTable, name }: CandidateConfig,
  client: DynamoDBClient,
  lease: Lease,
  plan: TermPlan,
  report: (report: Report) => void,
): Promise<boolean> {
  observeTerm(lease, report);
  const { holder, token } = lease;
  const billing = {
    documents: DynamoDBDocumentClient.from(client),
    tableName: invoiceTable,
    renderMs: RENDER_MS,
  };
  const mandate = {
    term: String(token),
    token,
    tick: "",
    executionId: holder,
    requestId: name,
    fence: fenced(lease, { tableName: leaseTable }),
    assertHeld: () => {
      if (!plan.careless) lease.assertHeld();
    },
    signal: plan.careless ? new AbortController().signal : lease.signal,
  };
  const until = monotonicMs() + plan.forMs;
  const asked = new AbortController();
  void lease.handover.then(() => asked.abort());
  try {
    do {
      await numberPendingInvoices(billing, mandate);
      if (plan.proclaims) await lease.proclaim({ endpoint: name, at: Date.now() });
      await delay(PAUSE_MS);
    } while (monotonicMs() < until && (plan.careless || (lease.isHeld() && !asked.signal.aborted)));
    return true;
  } catch (error) {
    reportFailure(error, report);
    return false;
  }
}

/** Sorts what went wrong: what faults explain is counted, everything else is a surprise. */
export function reportFailure(error: unknown, report: (report: Report) => void): void {
  const event = explained(error);
  const { stack } = error as { readonly stack?: string };
  report(event === undefined ? { kind: "surprise", what: stack ?? String(error) } : { kind: "event", event });
}

/** What a failure counts as; `undefined` for one that no fault explains. */
function explained(error: unknown): string | undefined {
  if (isLeaseError(error)) {
    const known = ["FENCED", "LEASE_LOST", "STORE_UNAVAILABLE", "ACQUIRE_TIMEOUT", "ABORTED"];
    return known.includes(error.code) ? error.code : undefined;
  }
  if (error instanceof TransactionCanceledException) return "transaction conflict";
  const isBug = ["TypeError", "RangeError", "ReferenceError"].includes((error as Error).name);
  return isBug ? undefined : "unclear answer";
}
