import type { ServerName } from "../contender.ts";
import { openGrpcWire } from "./grpc.ts";
import { openHttpWire } from "./http.ts";
import { openRedisWire } from "./redis.ts";

/** How an answer is lost: the connection ends before it, or stays open and silent from then on. The server has done what it was asked. */
export type Loss = "broken" | "silent";

/** How many requests passed, by the operation that they asked for. */
export type Counts = Readonly<Record<string, number>>;

/** A client's way to its server, on loopback. It counts requests, and loses answers where it is told to. */
export interface Wire extends AsyncDisposable {
  /** Where the client finds what it takes for its server. */
  readonly endpoint: string;
  /** What passed since it was asked last. */
  take(): Counts;
  /** Loses the answer to the next request of one of these operations. */
  loseNext(operations: readonly string[], how: Loss): void;
}

/** The operations that change a lock, by its server. */
export const WRITES: Readonly<Record<ServerName, readonly string[]>> = {
  engine: ["PutItem", "UpdateItem", "DeleteItem"],
  redis: ["EVALSHA"],
  "redis-always": ["EVALSHA"],
  etcd: ["Txn", "LeaseRevoke"],
};

/** Opens a wire to a server. */
export function openWire(server: ServerName, endpoint: string): Promise<Wire> {
  if (server === "engine") return openHttpWire(endpoint);
  return server === "etcd" ? openGrpcWire(endpoint) : openRedisWire(endpoint);
}

/** How many requests there were in all. */
export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** How many of them were reads: DynamoDB asks a fifth of a write's price for one. */
export function readsOf({ GetItem = 0, Query = 0, Range = 0 }: Counts): number {
  return GetItem + Query + Range;
}
