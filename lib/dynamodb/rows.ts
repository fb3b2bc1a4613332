import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { LeaseRecord } from "../core/record.ts";
import { type EpochMs, epochMs } from "../core/units.ts";
import { LEASE_TABLE_SCHEMA } from "./schema.ts";

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads a row as the service sends it; `undefined` for no row. Attributes that are missing or of another type
 * read as never written: a row under a lease's key that this protocol did not write is a vacant lease.
 */
export function recordOf(item: Record<string, AttributeValue> | undefined): LeaseRecord | undefined {
  if (item === undefined || Object.keys(item).length === 0) return undefined;
  // A proclaimed value may hold any number; one beyond what JavaScript counts exactly must not end an election.
  const row: Row = unmarshall(item, { wrapNumbers: Number });
  return {
    name: text(row, LEASE_TABLE_SCHEMA.partitionKey) ?? "",
    token: number(row, "token") ?? 0,
    revision: number(row, "revision") ?? 0,
    writeId: text(row, "writeId") ?? "",
    holder: text(row, "holder"),
    expiresAt: epoch(row, "expiresAt"),
    durationMs: number(row, "durationMs") ?? 0,
    acquiredAt: epoch(row, "acquiredAt"),
    renewedAt: epoch(row, "renewedAt"),
    transitions: number(row, "transitions") ?? 0,
    value: row["value"],
    tick: text(row, "tick"),
    ttl: number(row, "ttl"),
  };
}

function text(row: Row, attribute: string): string | undefined {
  const value = row[attribute];
  return typeof value === "string" ? value : undefined;
}

function number(row: Row, attribute: string): number | undefined {
  const value = row[attribute];
  return typeof value === "number" ? value : undefined;
}

function epoch(row: Row, attribute: string): EpochMs | undefined {
  const value = number(row, attribute);
  return value === undefined ? undefined : epochMs(value);
}
