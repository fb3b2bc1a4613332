import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DEFAULT_TIMING, LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";
import { spanOf } from "../lease-view.ts";
import { NOTICEABLE_SKEW_MS } from "../service-time.ts";
import { ask, type Ground } from "./ask.ts";
import { type Finding, finding } from "./finding.ts";

const SAMPLES = 5;

/** Measures how long a strong read takes: the median of a few, after those that opened the connection. */
export async function examineRoundTrip(
  { client, tableName: TableName }: Ground,
  lease: string,
): Promise<Finding[]> {
  const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;
  const Key = { [partitionKey]: { S: lease }, [sortKey]: { S: leaseSortKey } };
  const took: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const got = await ask((options) =>
      client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }), options),
    );
    if (got.kind === "answered") took.push(got.ms);
  }
  const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
  if (median === undefined) return [];
  const says = `${Math.max(1, Math.round(median))} ms, the median of ${took.length} strong reads`;
  // A renewal that fails is sent again: several have to fit into the time that a request is given.
  if (median * 4 <= DEFAULT_TIMING.requestTimeoutMs) return [finding("round trip", "ok", says)];
  const limit = spanOf(DEFAULT_TIMING.requestTimeoutMs);
  const fix = "take the table in a nearer region, or a longer durationMs";
  return [
    finding("round trip", "warning", `${says}; a request has ${limit} at the default length of a lease`, fix),
  ];
}

/** Compares this machine's clock with the service's. An election copes with a wrong one; people and cron do not. */
export function examineClock(aheadMs: number | undefined): Finding[] {
  if (aheadMs === undefined) return [];
  if (Math.abs(aheadMs) < NOTICEABLE_SKEW_MS)
    return [finding("clock", "ok", "agrees with the service's, to the second")];
  const says = `this machine's is ${spanOf(aheadMs)} ${aheadMs > 0 ? "behind" : "ahead of"} the service's`;
  return [finding("clock", "warning", says, "set it right (chronyc makestep, or timedatectl set-ntp true)")];
}
