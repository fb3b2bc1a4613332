import type { EpochMs } from "./units.ts";

/** One lease as the table holds it. The attributes' names are those of the table format (docs/protocol.md). */
export interface LeaseRecord {
  /** The lease's name, the partition key; of a shard the group's. */
  readonly name: string;
  /** Which row under the name, its sort key; absent for the lease's own. */
  readonly row?: string | undefined;
  /** Id of the candidate that holds it; absent while vacant. */
  readonly holder?: string | undefined;
  /** Fencing token: rises with every term; survives release, expiry and row deletion. */
  readonly token: number;
  /** Rises with every write. */
  readonly revision: number;
  /** Service time after which the term is over; absent when no service time could be had, and while vacant. */
  readonly expiresAt?: EpochMs | undefined;
  /** The length that the last holder asked for, its lock-delay included, in ms. */
  readonly durationMs: number;
  /** When the term began. Informative. */
  readonly acquiredAt?: EpochMs | undefined;
  /** When the row was last written by its holder. Informative. */
  readonly renewedAt?: EpochMs | undefined;
  /** Id of the write that made this state. */
  readonly writeId: string;
  /** How many terms there have been since the row came to be. */
  readonly transitions: number;
  /** What the leader proclaims. */
  readonly value?: unknown;
  /** The scheduled occurrence last completed (or claimed, under `at-most-once`), in canonical form (`2026-01-31T02:00:00.000Z`). */
  readonly tick?: string | undefined;
  /** How strong the holder is among the candidates. Absent means 0. */
  readonly priority?: number | undefined;
  /** For whom a transfer is requested; "" for anyone. It piggybacks on the record: no revision tells of it. */
  readonly requestedBy?: string | undefined;
  /** With what priority it was requested. */
  readonly requestedPriority?: number | undefined;
  /**
   * How much of the length its holder does not lead in, in ms: the lease stays closed to others for so long after an
   * unreleased term. Absent means 0.
   */
  readonly lockDelayMs?: number | undefined;
  /**
   * Whom a vacant lease is kept for: a candidate's id, "@" and a label that several share, or "" for nobody. `expiresAt`
   * and `durationMs` then are the reservation's.
   */
  readonly reservedFor?: string | undefined;
  /**
   * The token of the session that the holder holds a shard through. A held record with it has no `expiresAt` and no length of its
   * own: it is over when that session is.
   */
  readonly sessionToken?: number | undefined;
  /** On a session's row: changes when its holder is to read its shards again. No revision tells of it. */
  readonly bell?: string | undefined;
  /** On a session's row: how large the worker's share is, in proportion to others. Absent where it takes part in no assignment. */
  readonly weight?: number | undefined;
  /** On a session's row: how many shards the worker leads at most; absent for any number. */
  readonly maxShards?: number | undefined;
  /** Epoch seconds after which DynamoDB may delete the row. */
  readonly ttl?: number | undefined;
}

/**
 * What everybody may know of a lease: its record, without what only the protocol needs, and its state. `kind` tells the states apart:
 * where it is `held` or `expired` there is a `holder`.
 */
export type LeaseState = VacantLease | HeldLease | ExpiredLease;

/** A lease that nobody holds. */
export interface VacantLease extends LeaseFacts {
  /** Nobody leads. */
  readonly kind: "vacant";
  readonly holder: undefined;
}

/** A lease that somebody holds, as far as is known. */
export interface HeldLease extends LeaseFacts {
  /** `holder` leads, unless its term has ended since. */
  readonly kind: "held";
  /** The holder's id. */
  readonly holder: string;
}

/** A lease whose last holder's term is over by the service's clock or by watching: anyone may take it over. */
export interface ExpiredLease extends LeaseFacts {
  /** Nobody leads: the term of `holder` ran out, and nobody has claimed the lease since. */
  readonly kind: "expired";
  /** The last holder's id. */
  readonly holder: string;
}

/** What is known of a lease in whatever state. */
export interface LeaseFacts {
  /** The lease's name; of a shard its group's. */
  readonly name: string;
  /** Which shard of the group; `undefined` for a lease of its own. */
  readonly shard: string | undefined;
  /** The last term's fencing token; 0 when the table knows of none. */
  readonly token: number;
  /** The record's revision; 0 when there is no record. */
  readonly revision: number;
  /** How many terms there have been since the row came to be. */
  readonly transitions: number;
  /** Epoch ms, in service time, when the term ends unless renewed. */
  readonly expiresAt: number | undefined;
  /** Epoch ms when the term began. Informative. */
  readonly acquiredAt: number | undefined;
  /** Epoch ms of the holder's last write. Informative. */
  readonly renewedAt: number | undefined;
  /** What the leader proclaims. */
  readonly value: unknown;
  /** The scheduled occurrence last completed (or claimed, under `at-most-once`), in canonical form (`2026-01-31T02:00:00.000Z`). */
  readonly tick: string | undefined;
  /** The holder's priority; 0 unless it has one. */
  readonly priority: number;
  /** To whom it is requested to hand over: a candidate that asked for itself, or whom an operator named; "" where an operator named nobody. */
  readonly requestedBy: string | undefined;
  /**
   * Whom the vacant lease is kept for, for a bounded time: an id, "@" and an affinity, or "" for nobody (a minimum hold).
   */
  readonly reservedFor: string | undefined;
  /** How long the lease reads `held` after its holder has stopped, unless it was released, in ms; 0 unless asked for. */
  readonly lockDelayMs: number;
}

/** Makes a record presentable. `expired` says whether there is evidence that a present holder's term is over. */
export function stateOf(
  name: string,
  record: LeaseRecord | undefined,
  expired: boolean,
  shard?: string,
): LeaseState {
  const facts: LeaseFacts = {
    name,
    shard,
    token: record?.token ?? 0,
    revision: record?.revision ?? 0,
    transitions: record?.transitions ?? 0,
    expiresAt: record?.expiresAt,
    acquiredAt: record?.acquiredAt,
    renewedAt: record?.renewedAt,
    value: record?.value,
    tick: record?.tick,
    priority: record?.priority ?? 0,
    requestedBy: record?.requestedBy,
    reservedFor: record?.reservedFor,
    lockDelayMs: record?.lockDelayMs ?? 0,
  };
  const { holder } = record ?? {};
  if (holder === undefined) return { kind: "vacant", holder, ...facts };
  return { kind: expired ? "expired" : "held", holder, ...facts };
}
