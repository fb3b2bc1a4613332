import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { type FenceGuard, isLeaseError, type Lease } from "leasehold";

/** What an event says of the term that sent it. */
export interface Announced {
  readonly lease: string;
  readonly token: number;
  readonly prices: Readonly<Record<string, number>>;
}

/** The leader: each event says for which term it was sent. The bus takes it from anyone, and checks nothing. */
export async function announcePrices(
  events: EventBridgeClient,
  lease: Pick<Lease, "name" | "token">,
  prices: Readonly<Record<string, number>>,
): Promise<void> {
  const detail: Announced = { lease: lease.name, token: lease.token, prices };
  const entry = { Source: "pricing", DetailType: "PricesChanged", Detail: JSON.stringify(detail) };
  const { FailedEntryCount, Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }));
  if (FailedEntryCount !== 0) throw new Error(`not announced: ${Entries?.[0]?.ErrorMessage}`);
}

/** The consumer, a rule's target: drops what an older term announced than the one it has heard last. */
export function priceListener(
  guard: FenceGuard,
  apply: (prices: Readonly<Record<string, number>>, token: number) => Promise<void>,
): (event: { readonly detail: Announced }) => Promise<{ applied: boolean }> {
  return async ({ detail: { lease, token, prices } }) => {
    try {
      await guard.admit(`prices of ${lease}`, token);
    } catch (error) {
      if (isLeaseError(error, "FENCED")) return { applied: false };
      throw error; // nobody can say: the invocation fails, and is tried again
    }
    await apply(prices, token);
    return { applied: true };
  };
}
