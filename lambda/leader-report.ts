import type { LeaseState } from "../lib/index.ts";

/** What the function tells of a lease. `null` stands for what does not apply, or is not known. */
export interface LeaseReport {
  readonly name: string;
  /** `held`, `expired` (anyone may take it over) or `vacant`. */
  readonly state: LeaseState["kind"];
  /** The leader's id; of an expired lease the last one's. */
  readonly holder: string | null;
  /** The fencing token of the term, or of the last one. */
  readonly token: number;
  /** When the term began; ISO-8601, as all times. */
  readonly since: string | null;
  /** When its holder wrote last. */
  readonly renewedAt: string | null;
  /** When the term ends unless it is renewed; of a vacant lease, when the reservation ends. */
  readonly until: string | null;
  /** How long that is from now, in ms; 0 once it is past. */
  readonly remainingMs: number | null;
  /** Who asked the holder to hand over; "" for an operator who named nobody. */
  readonly requestedBy: string | null;
  /** Whom a vacant lease is kept for; "" for nobody. */
  readonly reservedFor: string | null;
  /** The occurrence of a schedule that was done last. */
  readonly tick: string | null;
}

/**
 * Tells of a lease what everyone may know, without what its leader proclaims.
 * @param nowMs epoch ms by this machine's clock, which may differ from the table's: remaining times
 * are about right
 */
export function reportOf(lease: LeaseState, nowMs: number): LeaseReport {
  const { name, kind, token, expiresAt, lockDelayMs } = lease;
  const taken = kind !== "vacant";
  // A holder stops before the lease is open to others, by the lock-delay.
  const until = expiresAt === undefined ? undefined : expiresAt - lockDelayMs;
  return {
    name,
    state: kind,
    holder: lease.holder ?? null,
    token,
    since: taken ? isoOf(lease.acquiredAt) : null,
    renewedAt: taken ? isoOf(lease.renewedAt) : null,
    until: isoOf(until),
    remainingMs: isoOf(until) === null ? null : Math.max(0, Math.round((until ?? 0) - nowMs)),
    requestedBy: lease.requestedBy ?? null,
    reservedFor: lease.reservedFor ?? null,
    tick: lease.tick ?? null,
  };
}

/**
 * Makes JSON of what a leader proclaims. A row that another program wrote can hold what JSON has
 * not: a set is told as a list, and binary as text in base64.
 */
export function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Set) return [...value].map(jsonOf);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonOf(part)]));
}

/** `null` also for what is no instant: somebody may have edited the row. */
function isoOf(epochMs: number | undefined): string | null {
  const date = new Date(epochMs ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
