import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { LeaseRecord } from "../core/record.ts";

/**
 * Reads a row as the service sends it; `undefined` for no row. What is missing reads as never written, so a
 * row under a lease's key that this protocol did not write is a vacant lease.
 */
export function recordOf(item: Record<string, AttributeValue> | undefined): LeaseRecord | undefined {
  if (item === undefined || Object.keys(item).length === 0) return undefined;
  // A proclaimed value may hold any number; one beyond what JavaScript counts exactly must not end an election.
  const { pk: name, sk: _, ...row } = unmarshall(item, { wrapNumbers: Number });
  const never = { token: 0, revision: 0, writeId: "", durationMs: 0, transitions: 0 };
  return { ...never, ...row, name: String(name) };
}

/** Reads a page of rows. */
export function recordsOf(items: Record<string, AttributeValue>[] | undefined): LeaseRecord[] {
  return (items ?? []).map(recordOf).filter((record) => record !== undefined);
}
