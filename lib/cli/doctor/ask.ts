import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { isClockSkew } from "../../dynamodb/failures.ts";

/** How long one question may take, the SDK's own retries included, in ms. */
const PATIENCE_MS = 10_000;

/** What a request came to. None is an error: what is denied or not known is a finding. */
export type Answer<T> =
  | { readonly kind: "answered"; readonly output: T; readonly ms: number }
  /** The caller may not. */
  | { readonly kind: "denied"; readonly error: Error }
  /** The engine does not know the operation: no table of AWS's. */
  | { readonly kind: "unknown"; readonly error: Error }
  /** The service refused for a reason of its own, such as a condition that is false. */
  | { readonly kind: "refused"; readonly error: Error }
  /** There was no answer. */
  | { readonly kind: "failed"; readonly error: Error };

/** Sends what a function makes, and tells what came of it. */
export async function ask<T>(
  send: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<Answer<T>> {
  const from = performance.now();
  const options = { abortSignal: AbortSignal.timeout(PATIENCE_MS) };
  try {
    // What was refused because this machine's clock had signed it is signed right the second time: the SDK has learnt by how much.
    const output = await send(options).catch((error: unknown) => {
      if (isClockSkew(error)) return send(options);
      throw error;
    });
    return { kind: "answered", output, ms: performance.now() - from };
  } catch (thrown) {
    const silent = options.abortSignal.aborted
      ? new Error(`no answer within ${PATIENCE_MS / 1_000} s`)
      : thrown;
    const error = silent instanceof Error ? silent : new Error(String(silent));
    return { kind: kindOf(error), error };
  }
}

function kindOf(error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }) {
  const { name, $metadata } = error;
  if (name.startsWith("AccessDenied")) return "denied";
  if (/^(UnknownOperation|NotImplemented)/.test(name)) return "unknown";
  return $metadata?.httpStatusCode === undefined ? "failed" : "refused";
}

/** Whether a refusal says that nobody knows who the caller is, so that no request will be served. */
export function isUnauthenticated({ name }: Error): boolean {
  return /^(UnrecognizedClient|InvalidClientTokenId|ExpiredToken|(Incomplete|Invalid)Signature|MissingAuth)/.test(
    name,
  );
}

/** Writes an error in few words. */
export function why({ name, message }: Error): string {
  return (name === "Error" ? message : `${name}: ${message}`).replaceAll(/\s*\n\s*/g, " ");
}

/** Where a request goes that is not AWS's own, as far as options and environment say. */
export function customEndpoint(option: string | undefined): string | undefined {
  return option ?? (process.env["AWS_ENDPOINT_URL_DYNAMODB"] || process.env["AWS_ENDPOINT_URL"] || undefined);
}

/** What the examiners share. */
export interface Ground {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The table's name without what an ARN says around it: what the AWS CLI's commands take. */
  readonly shortName: string;
}
