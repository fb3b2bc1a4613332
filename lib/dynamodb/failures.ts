import { LeaseError, type LeaseErrorCode } from "../core/errors.ts";

/** What is known of a failed request. */
export interface Failure {
  readonly error: LeaseError;
  /** Whether the write was surely not applied, by this attempt or an earlier one of the SDK's own. */
  readonly surelyNotApplied: boolean;
}

/** The SDK's error names that tell something for certain. */
const CODES: readonly (readonly [LeaseErrorCode, RegExp])[] = [
  ["TABLE_NOT_FOUND", /^ResourceNotFound/],
  [
    "ACCESS_DENIED",
    /^(AccessDenied|UnrecognizedClient|(Incomplete|Invalid)Signature|MissingAuth|ExpiredToken)/,
  ],
  ["CREDENTIALS_UNAVAILABLE", /ProviderError$/],
];

const HINTS: Partial<Record<LeaseErrorCode, string>> = {
  TABLE_NOT_FOUND: "no such table; check tableName, region and account, or deploy it",
  ACCESS_DENIED: "access denied; allow dynamodb:GetItem and UpdateItem (LeaseTable.grantCampaign)",
  CREDENTIALS_UNAVAILABLE: "no credentials; configure them for the SDK",
  TABLE_MISCONFIGURED: 'its keys must be "pk" and "sk", both S; use a LeaseTable',
  INVALID_ARGUMENT: "refused as invalid; is a proclaimed value too large?",
  STORE_UNAVAILABLE: "no usable answer, nobody can say what became of the request; try again",
};

/** Tells what an error of the SDK means for a request about a lease. */
export function failureOf(error: unknown, tableName: string, lease: string | undefined): Failure {
  const code = codeOf(error);
  const about = `${lease === undefined ? "" : `lease "${lease}" in `}table "${tableName}"`;
  const attempts = (error as { $metadata?: { attempts?: number } } | null)?.$metadata?.attempts ?? 1;
  return {
    error: new LeaseError(code, `${about}: ${HINTS[code]} (${String(error)})`, { lease, cause: error }),
    surelyNotApplied: code !== "STORE_UNAVAILABLE" && attempts <= 1,
  };
}

function codeOf(error: unknown): LeaseErrorCode {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === "ValidationException") {
    return /schema|missing the key|key element/i.test(message) ? "TABLE_MISCONFIGURED" : "INVALID_ARGUMENT";
  }
  return CODES.find(([, pattern]) => pattern.test(name))?.[0] ?? "STORE_UNAVAILABLE";
}
