/** What all contenders are told alike. */
export interface Settings {
  /** How long a lock lasts without renewal, in ms: whole seconds, since etcd counts in them. */
  readonly durationMs: number;
  /** How often a held lock is renewed, in ms. */
  readonly renewIntervalMs: number;
  /** How often one that waits looks, in ms, where it looks at an interval at all. */
  readonly retryIntervalMs: number;
}

/** A lock that is held. */
export interface Hold {
  /** The fencing token that it gives its holder; `undefined` where it gives none. */
  readonly token: string | undefined;
  /** Gives it back, and resolves with what it says of that. */
  release(): Promise<string>;
}

/** One client with connections of its own: what one process has. */
export interface Member {
  /** Waits until it holds the lock, and renews it from then on. */
  acquire(name: string): Promise<Hold>;
  /** Ends its connections, and what waits on them as far as it can be ended. */
  close(): Promise<void>;
}

/** Opens clients of one contender. */
export interface Driver {
  /**
   * Opens a client of what answers at `endpoint`. Without settings it has the contender's defaults; what has none there is said
   * in {@link Contender.defaults}.
   */
  open(endpoint: string, settings: Settings | undefined): Promise<Member>;
}

/** The servers that contenders keep their locks on. */
export const SERVERS = ["engine", "redis", "redis-always", "etcd"] as const;
export type ServerName = (typeof SERVERS)[number];

/** What is compared. */
export interface Contender {
  readonly id: string;
  /** As tables show it, without its version. */
  readonly label: string;
  /** The package of the registry that it is; `undefined` for this one. */
  readonly package: string | undefined;
  readonly server: ServerName;
  /** Whether what its server has answered survives the server's crash. */
  readonly durable: boolean;
  /** Whether it takes part in cycles alone: it waits and fails as another contender does, which is measured. */
  readonly cyclesOnly?: boolean;
  /** Whether it takes part in all but cycles: these it does as another contender does. */
  readonly notInCycles?: boolean;
  /** How one that waits learns that a lock is free: it looks at an interval, or once per duration, or it is told. */
  readonly waits: "interval" | "duration" | "told";
  /** What it judges expiry by: wall clocks of clients, the clock of its one server, or neither. */
  readonly trusts: "wall clocks" | "its server" | "neither";
  /** Why nobody takes over from a holder that crashed; `undefined` where somebody does. */
  readonly noTakeover?: string;
  /** What it has where nothing is set. */
  readonly defaults: string;
  /** What its source says of fencing tokens. */
  readonly fencing: string;
  readonly driver: () => Promise<Driver>;
}

/** What this package is called among the contenders: with the interval that all have, and looking once per duration. */
export const OURS = "leasehold";
export const SELDOM = "leasehold-seldom";
