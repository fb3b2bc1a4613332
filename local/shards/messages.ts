/** What the runner tells a worker: take part; or leave, in good order. */
export interface Order {
  readonly order: "go" | "leave";
}

/** What a worker tells the runner. Instants are this machine's monotonic clock, which all its processes share. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  /** The work of a shard began, or has ended; the shard is released after that. */
  | { readonly kind: "led" | "left"; readonly shard: string; readonly token: number; readonly at: number }
  /** All shards are released. */
  | { readonly kind: "gone"; readonly at: number };

/** What a worker is started with. */
export interface WorkerSettings {
  readonly tableName: string;
  readonly name: string;
  readonly shards: readonly string[];
  readonly durationMs: number;
  readonly retryIntervalMs: number;
}
