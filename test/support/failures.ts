import { expect } from "vitest";
import { isLeaseError, type LeaseError, type LeaseErrorCode } from "../../lib/core/errors.ts";

/** Waits for a promise to be rejected with a `LeaseError` of one code, and returns the error. */
export async function leaseErrorOf(promise: Promise<unknown>, code: LeaseErrorCode): Promise<LeaseError> {
  const error: unknown = await promise.then(
    (value) => expect.fail(`expected ${code}, got a value: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  return expectLeaseError(error, code);
}

/** Calls a function that throws a `LeaseError` of one code, and returns the error. */
export function leaseErrorIn(call: () => unknown, code: LeaseErrorCode): LeaseError {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  return expectLeaseError(error, code);
}

function expectLeaseError(error: unknown, code: LeaseErrorCode): LeaseError {
  if (!isLeaseError(error))
    throw new Error(`expected a LeaseError ${code}, got ${String(error)}`, { cause: error });
  expect(error.code, error.message).toBe(code);
  return error;
}
