import { LeaseError, type LeaseErrorCode } from "../core/errors.ts";

/** What is known of a failed request. */
export interface Failure {
  readonly error: LeaseError;
  /** Whether the write was surely not applied, by this attempt or an earlier one of the SDK's own. */
  readonly surelyNotApplied: boolean;
}

const CODES: Readonly<Record<string, LeaseErrorCode>> = {
  ResourceNotFoundException: "TABLE_NOT_FOUND",
  AccessDeniedException: "ACCESS_DENIED",
  UnrecognizedClientException: "ACCESS_DENIED",
  IncompleteSignatureException: "ACCESS_DENIED",
  InvalidSignatureException: "ACCESS_DENIED",
  MissingAuthenticationTokenException: "ACCESS_DENIED",
  ExpiredTokenException: "ACCESS_DENIED",
  NotAuthorized: "ACCESS_DENIED",
  CredentialsProviderError: "CREDENTIALS_UNAVAILABLE",
  TokenProviderError: "CREDENTIALS_UNAVAILABLE",
};

/** Tells what an error of the SDK means for a request about a lease. */
export function failureOf(error: unknown, tableName: string, lease: string | undefined): Failure {
  const code = codeOf(error);
  const message = messageOf(code, error, tableName, lease);
  return {
    error: new LeaseError(code, message, { lease, cause: error }),
    surelyNotApplied: code !== "STORE_UNAVAILABLE" && attemptsOf(error) <= 1,
  };
}

function codeOf(error: unknown): LeaseErrorCode {
  const known = CODES[nameOf(error)];
  if (known !== undefined) return known;
  if (nameOf(error) !== "ValidationException") return "STORE_UNAVAILABLE";
  return /schema|missing the key|key element/i.test(textOf(error))
    ? "TABLE_MISCONFIGURED"
    : "INVALID_ARGUMENT";
}

function messageOf(
  code: LeaseErrorCode,
  error: unknown,
  tableName: string,
  lease: string | undefined,
): string {
  const about = lease === undefined ? `table "${tableName}"` : `lease "${lease}" in table "${tableName}"`;
  const said = `${nameOf(error)}: ${textOf(error)}`;
  switch (code) {
    case "TABLE_NOT_FOUND":
      return `${about}: the table does not exist in this account and region; check tableName and region, or deploy it (${said})`;
    case "ACCESS_DENIED":
      return `${about}: access was denied; grant dynamodb:GetItem and UpdateItem on it, as LeaseTable.grantCampaign does (${said})`;
    case "CREDENTIALS_UNAVAILABLE":
      return `${about}: there are no credentials to sign with; configure them for the SDK (${said})`;
    case "TABLE_MISCONFIGURED":
      return `${about}: the table's keys must be "pk" (S) and "sk" (S); use a LeaseTable (${said})`;
    case "INVALID_ARGUMENT":
      return `${about}: DynamoDB refused the request as invalid; a proclaimed value may be too large (${said})`;
    default:
      return `${about}: no usable answer, so nobody can say what became of the request; try again (${said})`;
  }
}

function attemptsOf(error: unknown): number {
  const metadata = (error as { $metadata?: { attempts?: number } } | null)?.$metadata;
  return metadata?.attempts ?? 1;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
