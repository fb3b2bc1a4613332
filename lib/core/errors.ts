/**
 * Why an operation failed. A closed set: switch over it.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `INVALID_ARGUMENT` | an option or argument is out of bounds, or the SDK client could not make a request of it (no region, an invalid endpoint); nothing was sent | fix the call |
 * | `LEASE_LOST` | the term is over: the lease may have another holder | stop the leader's work |
 * | `ACQUIRE_TIMEOUT` | `acquire` waited `timeoutMs` and never led | wait longer, or look who leads |
 * | `ABORTED` | the caller's signal was aborted while waiting | nothing: the caller asked for it |
 * | `STORE_UNAVAILABLE` | no answer, or an answer that tells nothing (timeout, connection, 5xx, throttling) | try again |
 * | `TABLE_NOT_FOUND` | the table does not exist in this region and account | check `tableName`, region, deployment |
 * | `TABLE_MISCONFIGURED` | the table's keys are not those of a lease table, or an index of it stands in the way | deploy a `LeaseTable` |
 * | `RECORD_INVALID` | the row holds what no client writes: somebody edited it by hand | mend the row as the message says |
 * | `ACCESS_DENIED` | IAM, or a wrong or expired key, refused the request | `grantCampaign` or `grantObserve` |
 * | `CREDENTIALS_UNAVAILABLE` | the SDK found no credentials to sign with | configure credentials |
 * | `HANDED_OVER` | the leader is to hand over and its time to drain is up | finish the work and release |
 * | `FENCED` | storage refused a write of an older term; nothing was written by the attempt that was refused | stop the leader's work |
 * | `NOT_LEADING` | an invocation that does not lead was given records, which returning would drop | nothing: they are delivered again; or `onFollowed` |
 * | `CLIENT_CLOSED` | the client was closed before the call | create a new client |
 */
export type LeaseErrorCode =
  | "INVALID_ARGUMENT"
  | "LEASE_LOST"
  | "ACQUIRE_TIMEOUT"
  | "ABORTED"
  | "STORE_UNAVAILABLE"
  | "TABLE_NOT_FOUND"
  | "TABLE_MISCONFIGURED"
  | "RECORD_INVALID"
  | "ACCESS_DENIED"
  | "CREDENTIALS_UNAVAILABLE"
  | "HANDED_OVER"
  | "FENCED"
  | "NOT_LEADING"
  | "CLIENT_CLOSED";

const brand = Symbol.for("leasehold.LeaseError");

/** What a {@link LeaseError} may carry besides its code and message. */
export interface LeaseErrorDetails {
  /** The lease that it is about. */
  readonly lease?: string | undefined;
  /** The error underneath, kept as it was. */
  readonly cause?: unknown;
  /** The fencing token that stood against it, where one did. */
  readonly token?: number | undefined;
}

/**
 * The one error class of this package. `code` says what happened, `lease` to which lease, `cause` keeps the
 * error underneath. Ask {@link isLeaseError} rather than `instanceof`: two bundles have two classes.
 */
export class LeaseError extends Error {
  /** What happened; docs/guides/errors.md says of each code what to do. */
  readonly code: LeaseErrorCode;
  /** The lease that it is about, of a shard its group; `undefined` where it is about none. */
  readonly lease: string | undefined;
  /** With `FENCED`: the later term's token, where it is known. */
  declare readonly token?: number;

  constructor(code: LeaseErrorCode, message: string, details: LeaseErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "LeaseError";
    this.code = code;
    this.lease = details.lease;
    if (details.token !== undefined) this.token = details.token;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether a value is a {@link LeaseError} (of one of the given codes, if any), also across duplicate bundles. */
export function isLeaseError(value: unknown, ...codes: LeaseErrorCode[]): value is LeaseError {
  if (typeof value !== "object" || value === null || !(brand in value)) return false;
  return codes.length === 0 || codes.includes((value as unknown as LeaseError).code);
}

/** What a store may refuse for a while: keys are rotated, policies deployed, tables restored. */
const PASSING: readonly LeaseErrorCode[] = ["TABLE_NOT_FOUND", "ACCESS_DENIED", "CREDENTIALS_UNAVAILABLE"];

/**
 * Whether whoever waits should go on after an error. What tells nothing passes. What a store refuses is definite until it has
 * answered this client once: the deployment is wrong. After that it is taken for a passing trouble, so that one change of a
 * policy does not end every standby of a fleet at once.
 */
export function isPassing(error: unknown, contacted: boolean): boolean {
  return isLeaseError(error, "STORE_UNAVAILABLE") || (contacted && isLeaseError(error, ...PASSING));
}

/** Whether an error is about the store, and not about what was asked of it. */
export function isTrouble(error: unknown): boolean {
  return !isLeaseError(error, "INVALID_ARGUMENT", "CLIENT_CLOSED");
}

/** What is underneath an error, as the rest of a sentence about it; nothing where nothing is. What the sentence has said is left out. */
export function because(cause: unknown): string {
  if (cause === undefined || cause === null) return "";
  const { message } = cause as { readonly message?: unknown };
  if (typeof message === "string") return `: ${message.replace(/^lease "[^"]*":? (in )?|, try again/g, "")}`;
  return typeof cause === "string" ? `: ${cause}` : "";
}

/** An `INVALID_ARGUMENT` error. The message names the option, the value and the bound. */
export function invalid(message: string): LeaseError {
  return new LeaseError("INVALID_ARGUMENT", message);
}
