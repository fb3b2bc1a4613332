/** One process with many candidates, each a client of its own with an id of its own. It tells its parent who leads. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBLeaseStore } from "../../../lib/dynamodb.ts";
import { type Candidate, type Lease, LeaseClient, onLeaseEvent } from "../../../lib/index.ts";
import { engineClient } from "../../../local/engine.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { CountedStore } from "../../support/holding/counted-store.ts";

/** Where it finds the table, and by which timings its candidates go. */
export interface HerdOrder {
  readonly endpoint: string;
  readonly table: string;
  readonly timing: {
    readonly durationMs: number;
    /** @default - the client's */
    readonly renewIntervalMs?: number | undefined;
    readonly retryIntervalMs: number;
    readonly requestTimeoutMs: number;
  };
}

/** What its parent asks for. */
export type HerdCall =
  /** So many candidates stand for a lease; without jitter chance always falls on zero. */
  | { readonly do: "stand"; readonly lease: string; readonly candidates: number; readonly jitter: boolean }
  /** Whoever leads it lets go. */
  | { readonly do: "release"; readonly lease: string }
  /** All that stand for it are told that it may be free. */
  | { readonly do: "notify"; readonly lease: string }
  /** It tells of the requests for a lease since it was asked last. */
  | { readonly do: "requests"; readonly lease: string };

/** A request: when it was asked for, by this machine's monotonic clock, and its kind. */
export type Request = readonly [at: number, kind: string];

/** What it tells. Times are by this machine's monotonic clock, in ms. */
export type HerdTold =
  | { readonly is: "ready" }
  | { readonly is: "elected"; readonly lease: string; readonly token: number; readonly at: number }
  /** `at`: by when the term was over for its holder, whenever it noticed. */
  | { readonly is: "ended"; readonly lease: string; readonly token: number; readonly at: number }
  /** Its row is vacant: the holder has released it. */
  | { readonly is: "vacated"; readonly lease: string; readonly token: number }
  | { readonly is: "requests"; readonly lease: string; readonly requests: readonly Request[] };

/** The candidates for one lease. */
interface Herd {
  readonly store: CountedStore;
  readonly candidates: Candidate[];
  requests: Request[];
  /** How many have been refused, and stand by, or been elected. */
  standing: number;
  /** Has the work of the present term return. */
  release: () => void;
  /** The present term of one of them, and until when it lasts at most, by its last renewal. */
  term: { readonly lease: string; readonly token: number; validUntil: number } | undefined;
}

/** How many candidates may wait for the answer to their first claim at once, so that the start is no herd itself. */
const BEGINNERS = 10;

const order = JSON.parse(process.argv[2] as string) as HerdOrder;
const tell = (told: HerdTold): void => void process.send?.(told);
const client = engineClient(order.endpoint);
const table = new DynamoDBLeaseStore({ tableName: order.table, client });
const herds = new Map<string, Herd>();
/** Ids are random, and chance is none: each wait is the shortest that jitter could make it, for all of them the same. */
const withoutJitter = { fraction: () => 0, id: () => randomUUID().replaceAll("-", "") };

onLeaseEvent((name, event) => {
  const herd = herds.get("lease" in event ? event.lease : "");
  if (name === "renewed" && herd?.term !== undefined && "remainingMs" in event)
    herd.term.validUntil = monotonicMs() + event.remainingMs;
  if (name === "released" && herd !== undefined && "token" in event)
    tell({ is: "vacated", lease: event.lease, token: event.token });
});

process.on("message", (call: HerdCall) => {
  if (call.do === "stand") return void stand(call);
  const herd = herds.get(call.lease);
  if (call.do === "release") return herd?.release();
  if (call.do === "notify") return herd?.candidates.forEach((candidate) => candidate.notify());
  tell({ is: "requests", lease: call.lease, requests: herd?.requests ?? [] });
  if (herd !== undefined) herd.requests = [];
});
process.on("disconnect", () => process.exit());
tell({ is: "ready" });

async function stand({ lease, candidates, jitter }: HerdCall & { do: "stand" }): Promise<void> {
  const herd: Herd = {
    store: new CountedStore(table, { onRequest: (kind) => noted(herd, kind) }),
    candidates: [],
    requests: [],
    standing: 0,
    release: () => undefined,
    term: undefined,
  };
  herds.set(lease, herd);
  for (let nth = 0; nth < candidates; nth += 1) {
    while (herd.standing < nth - BEGINNERS) await delay(5);
    const options = { store: herd.store, holder: `candidate-${nth}`, ...order.timing };
    const leases = new LeaseClient(jitter ? options : { ...options, random: withoutJitter });
    const candidate = leases.candidate(lease, { onLost: () => ended(herd) });
    herd.candidates.push(candidate);
    // A candidate that does not stand any more would make all figures wrong: what ends one ends the process.
    void candidate.run((term) => lead(herd, term));
  }
}

function noted(herd: Herd, kind: string): void {
  herd.requests.push([monotonicMs(), kind]);
  // A candidate registers when it stands by, and when it leads.
  if (kind === "register candidate") herd.standing += 1;
}

/** Leads until it is told to let go, or has lost the lease. */
async function lead(herd: Herd, term: Lease): Promise<void> {
  const at = monotonicMs();
  herd.term = { lease: term.name, token: term.token, validUntil: at + term.remainingMs() };
  tell({ is: "elected", lease: term.name, token: term.token, at });
  await new Promise<void>((resolve) => {
    herd.release = resolve;
    term.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A term is over for its holder when its validity is, however late it notices. */
function ended(herd: Herd): void {
  if (herd.term === undefined) return;
  const { lease, token, validUntil } = herd.term;
  herd.term = undefined;
  tell({ is: "ended", lease, token, at: Math.min(monotonicMs(), validUntil) });
}
