import { because, isLeaseError, LeaseError, type LeaseErrorCode } from "../core/errors.ts";
import type { DateTap } from "./date-header.ts";

/** What is known of a failed request. */
export interface Failure {
  readonly error: LeaseError;
  /** Whether the write was surely not applied, by the last attempt or by any before it. */
  readonly surelyNotApplied: boolean;
  /** Whether the service answered. */
  readonly answered: boolean;
}

/** What an error of the SDK means, and what to do. The first that matches by name, or by name and message. */
interface Meaning {
  readonly code: LeaseErrorCode;
  readonly name: RegExp;
  readonly message?: RegExp;
  readonly hint: string;
}

const MEANINGS: readonly Meaning[] = [
  {
    code: "TABLE_NOT_FOUND",
    name: /^ResourceNotFound/,
    hint: "no such table; check tableName, region and account, or deploy it",
  },
  {
    code: "ACCESS_DENIED",
    name: /^AccessDenied/,
    message: /\bkms\b/i,
    hint: "the key that encrypts the table is denied; allow it by way of DynamoDB (LeaseTable.grantCampaign), and in the key's policy",
  },
  {
    code: "ACCESS_DENIED",
    name: /^AccessDenied/,
    hint: "access denied; allow dynamodb:GetItem and UpdateItem (LeaseTable.grantCampaign)",
  },
  {
    code: "ACCESS_DENIED",
    name: /^ExpiredToken/,
    hint: "the credentials have expired; let the SDK's provider renew them, or sign in anew",
  },
  {
    code: "ACCESS_DENIED",
    name: /^UnrecognizedClient/,
    hint: "the access key or its session token is not known; check the credentials and the region",
  },
  {
    code: "ACCESS_DENIED",
    name: /^((Incomplete|Invalid)Signature|MissingAuth|RequestExpired|RequestTimeTooSkewed)/,
    hint: "the signature is not accepted; check the secret key and this machine's clock",
  },
  {
    code: "CREDENTIALS_UNAVAILABLE",
    name: /ProviderError$/,
    hint: "no credentials; configure them for the SDK",
  },
  {
    code: "TABLE_MISCONFIGURED",
    name: /^ValidationException$/,
    message: /schema|missing the key|key element/i,
    hint: 'its keys must be "pk" and "sk", both S; use a LeaseTable',
  },
  {
    code: "TABLE_MISCONFIGURED",
    name: /^ValidationException$/,
    message: /index key/i,
    hint: "an index of the table has an attribute of leases as its key, of another type; a lease table needs no index",
  },
  {
    code: "RECORD_INVALID",
    name: /^ValidationException$/,
    message: /operand|data type|invalid type|type mismatch/i,
    hint: "an attribute of the row has a type that no client writes; read the row, and mend or remove the attribute",
  },
  {
    code: "INVALID_ARGUMENT",
    name: /^ValidationException$/,
    hint: "refused as invalid; is a proclaimed value too large?",
  },
];

const UNTOLD: Meaning = {
  code: "STORE_UNAVAILABLE",
  name: /^/,
  hint: "no usable answer, nobody can say what became of the request; try again",
};

/** What else stopped a request before it was sent. */
const UNSENT: Meaning = {
  code: "INVALID_ARGUMENT",
  name: /^/,
  hint: "nothing was sent, since the SDK client could not make the request; check its region, its endpoint and the values",
};

/** What kept the SDK from signing: another service did not answer, or refused. */
const UNSIGNED: Meaning = {
  code: "CREDENTIALS_UNAVAILABLE",
  name: /^/,
  hint: "nothing was sent, since no credentials could be had",
};

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
  const { code, hint } = meaningOf(error, tap);
  const about = `${lease === undefined ? "" : `lease "${lease}" in `}table "${tableName}"`;
  const answersLast = answers(error, tap);
  const cause = code === "CREDENTIALS_UNAVAILABLE" ? because(error) : ` (${String(error)})`;
  return {
    error: new LeaseError(code, `${about}: ${hint}${cause}`, { lease, cause: error }),
    surelyNotApplied: code !== "STORE_UNAVAILABLE" && tap.sent <= tap.resent + (answersLast ? 1 : 0),
    answered: answersLast,
  };
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
  if (/^(RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)/.test(name)) return true;
  return name.startsWith("InvalidSignature") && /expired|not yet current/i.test(message);
}

function meaningOf(error: unknown, { sent }: DateTap): Meaning {
  const { name, message } = named(error);
  const meant = MEANINGS.find(
    (meaning) => meaning.name.test(name) && (meaning.message === undefined || meaning.message.test(message)),
  );
  if (sent > 0) return meant ?? UNTOLD;
  if (meant?.code === "CREDENTIALS_UNAVAILABLE") return meant;
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

function named(error: unknown): { readonly name: string; readonly message: string } {
  return error instanceof Error ? error : new Error(String(error));
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}
