import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import { LOOKED_AT } from "../client/group-reading.ts";
import { systemClock } from "../client/system-ports.ts";
import type { Sighting } from "../core/evidence.ts";
import { type GroupStatus, statusOf, viewOf } from "../core/group-view.ts";
import { AUXILIARY } from "../core/names.ts";
import { DEFAULT_TIMING } from "../core/timing.ts";
import { nextReading } from "../core/units.ts";
import { tapDate } from "../dynamodb/date-header.ts";
import { failureOf } from "../dynamodb/failures.ts";
import { rowOf } from "../dynamodb/rows.ts";
import type { Column } from "./fitting.ts";
import type { Output } from "./output.ts";
import type { Session } from "./session.ts";
import { printable } from "./text.ts";

/** A group as `list --groups --json` prints it. */
export interface ListedGroupJson {
  readonly name: string;
  /** How many shards the table knows. */
  readonly shards: number;
  /** How many of them somebody leads. */
  readonly led: number;
  /** How many workers there are. */
  readonly workers: number;
  /** How many besides have a session, and are no workers. */
  readonly holders: number;
}

/** Reads the whole table, and tells which groups there are, by name. A page may take so long, in ms. */
export async function listGroups(session: Session, pageTimeoutMs: number): Promise<ListedGroupJson[]> {
  const { tableName: TableName } = session;
  const client = await session.dynamodb();
  const attributes = ["pk", "sk", ...LOOKED_AT];
  const seen = new Map<string, Sighting[]>();
  let from: Record<string, AttributeValue> | undefined;
  do {
    const command = new ScanCommand({
      TableName,
      ConsistentRead: true,
      FilterExpression: "begins_with(#sk, :shard) OR begins_with(#sk, :session)",
      ProjectionExpression: attributes.map((attribute) => `#${attribute}`).join(", "),
      ExpressionAttributeNames: Object.fromEntries(attributes.map((one) => [`#${one}`, one])),
      ExpressionAttributeValues: { ":shard": { S: AUXILIARY.shard }, ":session": { S: AUXILIARY.session } },
      ExclusiveStartKey: from,
    });
    const tap = tapDate(command);
    const page = await client
      .send(command, { abortSignal: AbortSignal.timeout(pageTimeoutMs) })
      .catch((error: unknown) => {
        throw failureOf(error, TableName, undefined, tap).error;
      });
    const { servedAt } = tap;
    const firstSeen = nextReading(systemClock.now());
    for (const item of page.Items ?? []) {
      const record = rowOf(item)?.record;
      if (record === undefined) continue;
      const rows = seen.get(record.name);
      const sighting = { record, firstSeen, servedAt };
      if (rows === undefined) seen.set(record.name, [sighting]);
      else rows.push(sighting);
    }
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  const at = nextReading(systemClock.now());
  return [...seen]
    .map(([name, rows]) => listed(statusOf(name, viewOf(rows, at, DEFAULT_TIMING))))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listed({ name, shards, unled, workers }: GroupStatus): ListedGroupJson {
  const working = workers.filter(({ isWorker }) => isWorker).length;
  return {
    name,
    shards: shards.length,
    led: shards.length - unled.length,
    workers: working,
    holders: workers.length - working,
  };
}

const COLUMNS: readonly Column[] = [
  { title: "GROUP", least: 12 },
  { title: "SHARDS" },
  { title: "LED" },
  { title: "WORKERS" },
  { title: "HOLDERS BESIDES", leftOut: 1 },
];

/** Draws groups, a line each. */
export function tableOfGroups(output: Output, groups: readonly ListedGroupJson[]): string {
  const { colours } = output;
  const rows = groups.map(({ name, shards, led, workers, holders }) => [
    printable(name),
    String(shards),
    led === shards ? String(led) : colours.yellow(String(led)),
    String(workers),
    String(holders),
  ]);
  return output.tableOf(COLUMNS, rows);
}
