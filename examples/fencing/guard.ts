import { FenceGuard, type Lease } from "leasehold";

/** An API that cannot check a token, but takes a key under which it acts once. */
export interface Payments {
  pay(order: {
    readonly id: string;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

/** Pays orders in order, stopping where a later term was admitted before. */
export async function payOrders(
  guard: FenceGuard,
  payments: Payments,
  lease: Lease,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    await guard.admit("payments", lease.token); // durable: earlier terms are refused from here on
    lease.assertHeld({ needMs: 5_000 }); // time has passed: is there enough left for what comes?
    await payments.pay({ id, idempotencyKey: `pay-${id}`, signal: AbortSignal.timeout(5_000) });
  }
}
