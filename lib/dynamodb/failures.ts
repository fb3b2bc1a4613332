import { because, isLeaseError, LeaseError, type LeaseErrorCode } from "../core/errors.ts";
import type { DateTap, Tappable } from "./date-header.ts";

/** What is known of a failed request. */
export interface Failure {
  readonly error: LeaseError;
  /** Whether the write was surely not applied, by the last attempt or by any before it. */
  readonly surelyNotApplied: boolean;
  /** Whether the service answered. */
  readonly answered: boolean;
}

/** What an error of the SDK means, what to do, and by which name (or code of the network) and message it is known. The first that matches counts. */
type Meaning = readonly [code: LeaseErrorCode, hint: string, name?: RegExp, message?: RegExp];

const DENIED = "ACCESS_DENIED";
/** What DynamoDB calls a request that it turned away before it did anything. */
const THROTTLED = /^(ProvisionedThroughputExceeded|RequestLimitExceeded|Throttling)/;
const REFUSED_AS_INVALID = /^ValidationException$/;
const MEANINGS: readonly Meaning[] = [
  [
    "TABLE_NOT_FOUND",
    "no such table; check tableName, region and account, or deploy it",
    /^ResourceNotFound/,
  ],
  [
    DENIED,
    "the table's key is denied; allow it (LeaseTable.grantCampaign), also in the key's policy",
    /^AccessDenied/,
    /kms:[A-Z]|KMS key/,
  ],
  [
    DENIED,
    "access denied; allow dynamodb:GetItem and UpdateItem (LeaseTable.grantCampaign)",
    /^AccessDenied/,
  ],
  [DENIED, "the credentials have expired; renew them, or sign in anew", /^ExpiredToken/],
  [
    DENIED,
    "the access key or session token is not known; check credentials and region",
    /^UnrecognizedClient/,
  ],
  [
    DENIED,
    "the signature is not accepted; check secret key and this machine's clock",
    /^((Incomplete|Invalid)Signature|MissingAuth|Request(Expired|TimeTooSkewed))/,
  ],
  ["CREDENTIALS_UNAVAILABLE", "no credentials; configure them for the SDK", /ProviderError$/],
  [
    "TABLE_MISCONFIGURED",
    'its keys must be "pk" and "sk", both S, and no index; use a LeaseTable',
    REFUSED_AS_INVALID,
    /schema|missing the key|key element|index key/i,
  ],
  [
    "RECORD_INVALID",
    "an attribute of the row has a type that no client writes; mend or remove it",
    REFUSED_AS_INVALID,
    /operand|data type|invalid type|type mismatch/i,
  ],
  ["STORE_UNAVAILABLE", "throttled; try again, and send less at a time", THROTTLED],
  ["INVALID_ARGUMENT", "refused as invalid; is a proclaimed value too large?", REFUSED_AS_INVALID],
  // Trouble like any other: networks and engines come back, and an attempt before may have been sent.
  [
    "STORE_UNAVAILABLE",
    "no connection; check endpoint and region, try again",
    /^E(CONNREFUSED|NOTFOUND|AI_AGAIN)$/,
  ],
];

const UNTOLD: Meaning = ["STORE_UNAVAILABLE", "no usable answer, try again"];

/** What else stopped a request before it was sent. */
const UNSENT: Meaning = [
  "INVALID_ARGUMENT",
  "nothing was sent: the SDK could not make the request; check region, endpoint and values",
];

/** What kept the SDK from signing: another service did not answer, or refused. */
const UNSIGNED: Meaning = ["CREDENTIALS_UNAVAILABLE", "nothing was sent: no credentials could be had"];

/**
 * Tells what an error of the SDK means for a request about a lease. `tap` tells how often the request was handed to the
 * network. A refusal tells of its own attempt alone: an attempt before it that nobody answered, or that failed, may have been applied.
 */
export function failureOf(
  error: unknown,
  tableName: string,
  lease: string | undefined,
  tap: DateTap,
): Failure {
  // It was found out before there was anything to send, and says so itself.
  if (isLeaseError(error)) return { error, surelyNotApplied: true, answered: false };
  const [code, hint] = meaningOf(error, tap);
  const about = `${lease === undefined ? "" : `lease "${lease}" in `}table "${tableName}"${tap.host ? ` at ${tap.host}` : ""}`;
  const answersLast = answers(error, tap);
  const cause = code === "CREDENTIALS_UNAVAILABLE" ? because(error) : ` (${String(error)})`;
  return {
    error: new LeaseError(code, `${about}: ${hint}${cause}`, { lease, cause: error }),
    surelyNotApplied: code !== "STORE_UNAVAILABLE" && tap.sent <= tap.resent + (answersLast ? 1 : 0),
    answered: answersLast,
  };
}

/**
 * Has the SDK tell at once of an attempt that was throttled, instead of sending it again by itself: its pauses outlast a request's deadline,
 * and then nobody could say what became of the write. Whoever paces the write sends it again.
 */
export function tapThrottling(command: Tappable, tap: DateTap): void {
  const judge = (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
    tap.throttled = undefined;
    try {
      return await next(args);
    } catch (error) {
      if (!THROTTLED.test(named(error).name) || !answers(error, tap)) throw error;
      tap.resent += 1;
      tap.throttled = error;
      // By its own name the SDK would send it again, and by that of a cause it does not.
      throw new Error("throttled", { cause: error });
    }
  };
  command.middlewareStack.add(judge, { step: "deserialize", priority: "high" });
}

/** Whether an error is the service's answer to what was sent last, and not another service's, or the network's. */
function answers(error: unknown, { response }: DateTap): boolean {
  if (response === undefined) return false;
  const { $response } = (error ?? {}) as { $response?: unknown };
  return $response === undefined ? statusOf(error) === response.statusCode : $response === response;
}

/** Whether an error says that the clock which a request was signed by is wrong. The SDK has learnt the offset from it. */
export function isClockSkew(error: unknown): boolean {
  const { name, message } = named(error);
  if (/^Request(Expired|TimeTooSkewed|InTheFuture)/.test(name)) return true;
  return name.startsWith("InvalidSignature") && /expired|not yet current/i.test(message);
}

function meaningOf(error: unknown, { sent }: DateTap): Meaning {
  const { name, message, code = "" } = named(error);
  const meant = MEANINGS.find(
    ([, , called, saying]) =>
      (called?.test(name) || called?.test(code)) && (saying === undefined || saying.test(message)),
  );
  if (sent > 0) return meant ?? UNTOLD;
  if (meant?.[0] === "CREDENTIALS_UNAVAILABLE") return meant;
  if (name === "AbortError") return UNTOLD; // The deadline came first.
  // A middleware of the caller's may refuse in the service's words.
  return isAnothers(error) ? UNSIGNED : (meant ?? UNSENT);
}

/** Whether an error before the sending comes from another service or the network: the SDK fetches credentials there. */
function isAnothers(error: unknown): boolean {
  const { code, $fault } = (error ?? {}) as { code?: unknown; $fault?: unknown };
  const { name } = named(error);
  const network = typeof code === "string" && /^E[A-Z]+$/.test(code);
  return network || $fault !== undefined || statusOf(error) !== undefined || name === "TimeoutError";
}

function named(error: unknown): Error & { readonly code?: string } {
  return error instanceof Error ? error : new Error(String(error));
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}
