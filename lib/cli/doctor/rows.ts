import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import { AUXILIARY, shardOf } from "../../core/names.ts";
import { parseTick } from "../../core/tick.ts";
import { type Row, rowOf } from "../../dynamodb/rows.ts";
import { LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";
import { isoOf, spanOf } from "../lease-view.ts";
import { commandAbout, howMany, shellWord } from "../text.ts";
import { ask, type Ground, why } from "./ask.ts";
import { type Finding, finding } from "./finding.ts";

/** How many rows are read at most; told where there are more. */
const ROWS_LIMIT = 2_000;
/** How many leases of one kind are told of by name. */
const NAMED = 10;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What is counted on the way. */
interface Counted {
  leases: number;
  readonly groups: Set<string>;
  shards: number;
  sessions: number;
  candidates: number;
  lapsed: number;
  ended: number;
  readonly foreign: string[];
}

/** Reads rows, up to a limit, and tells of those that no client has written, and of what is left over. */
export async function examineRows(
  { client, tableName: TableName }: Ground,
  now: () => Promise<number>,
): Promise<Finding[]> {
  const counted: Counted = {
    leases: 0,
    groups: new Set(),
    shards: 0,
    sessions: 0,
    candidates: 0,
    lapsed: 0,
    ended: 0,
    foreign: [],
  };
  const findings: Finding[] = [];
  let read = 0;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const command = new ScanCommand({
      TableName,
      Limit: Math.min(500, ROWS_LIMIT - read),
      ExclusiveStartKey: from,
    });
    const got = await ask((options) => client.send(command, options));
    if (got.kind !== "answered")
      return [finding("rows", "warning", `could not be read: ${why(got.error)}`, "try again")];
    const { Items = [], LastEvaluatedKey, ScannedCount = 0 } = got.output;
    const at = await now();
    for (const item of Items) findings.push(...examineRow(item, at, counted));
    read += ScannedCount;
    from = LastEvaluatedKey;
  } while (from !== undefined && read < ROWS_LIMIT);
  const more = from === undefined ? "" : `; there are more than the ${ROWS_LIMIT} that were read`;
  const { foreign } = counted;
  findings.unshift(finding("rows", "ok", `${found(counted)}${more}`));
  if (foreign.length > 0) {
    const names = foreign.slice(0, NAMED).join(", ");
    findings.push(
      finding(
        "rows",
        "note",
        `${howMany(foreign.length, "row")} of no lease: ${names}`,
        "keep other data in a table of its own",
      ),
    );
  }
  return bounded(findings);
}

/** Says what was counted. */
function found({ leases, groups, shards, sessions, candidates, lapsed, ended }: Counted): string {
  const parts = [howMany(leases, "lease"), howMany(candidates, "candidate")];
  if (groups.size > 0) {
    const held = `${howMany(shards, "shard")} and ${howMany(sessions, "open session")}`;
    parts.push(`${howMany(groups.size, "group")} with ${held}`);
  }
  if (lapsed > 0) parts.push(`${howMany(lapsed, "lapsed candidate")} that TTL will clear`);
  if (ended > 0) parts.push(`${howMany(ended, "session")} that ended, which TTL will clear`);
  return parts.join(", ");
}

function examineRow(item: Record<string, AttributeValue>, now: number, counted: Counted): Finding[] {
  const kind = item[LEASE_TABLE_SCHEMA.sortKey]?.S ?? "";
  const row = rowOf(item);
  if (row === undefined) return [];
  const { name, holder, expiresAt = 0 } = row.record;
  if (kind === LEASE_TABLE_SCHEMA.leaseSortKey) {
    counted.leases += 1;
    return examineLease(row, now);
  }
  if (kind.startsWith(AUXILIARY.candidate)) {
    if (expiresAt > now) counted.candidates += 1;
    else counted.lapsed += 1;
    return examineTimes(row.record, ofRow(row.record, `lease "${name}", ${kind}`));
  } else if (kind.startsWith(AUXILIARY.shard)) {
    counted.groups.add(name);
    counted.shards += 1;
    return examineLease(row, now);
  } else if (kind.startsWith(AUXILIARY.session)) {
    counted.groups.add(name);
    if (holder !== undefined && expiresAt > now) counted.sessions += 1;
    else counted.ended += 1;
    return examineLease(row, now);
  } else if (kind !== AUXILIARY.fence) counted.foreign.push(`${name} / ${kind}`);
  return [];
}

type FindingOf = (check: string, level: Finding["level"], says: string, fix: string) => Finding;

/** Makes findings about one row. */
function ofRow({ name }: Row["record"], called: string): FindingOf {
  return (check, level, says, fix) => ({
    ...finding(check, level, `${called}: ${says}`, fix),
    lease: name,
  });
}

const SET_RIGHT = "set the row right, or delete it while nobody leads";
const TIMES = ["acquiredAt", "renewedAt", "expiresAt"] as const;

/** Tells of times that are out of the range of dates. Nobody decides by the first two. */
function examineTimes(record: Row["record"], of: FindingOf): Finding[] {
  const wrong = TIMES.filter((time) => record[time] !== undefined && isoOf(record[time]) === null);
  if (wrong.length === 0) return [];
  const told = wrong.map((time) => `${time} (${record[time]})`).join(" and ");
  const are = wrong.length === 1 ? "is" : "are";
  const level = wrong.includes("expiresAt") ? "fault" : "warning";
  return [of("malformed", level, `${told} ${are} out of the range of dates`, SET_RIGHT)];
}

/** Looks at what can be wrong with the row of a lease, of a shard, or of a session. */
function examineLease({ record, broken }: Row, now: number): Finding[] {
  const { name, row, token, tick, holder, expiresAt } = record;
  const shard = shardOf(row);
  const isSession = row !== undefined && shard === undefined;
  const called =
    row === undefined
      ? `lease "${name}"`
      : isSession
        ? `group "${name}", ${row}`
        : `group "${name}", shard "${shard}"`;
  const of = ofRow(record, called);
  const findings = examineTimes(record, of);
  if (broken.length > 0) {
    const says = broken.map(({ how }) => how).join(", and ");
    findings.push(of("malformed", "fault", says, SET_RIGHT));
  }
  if (token > now + MINUTE_MS) {
    const says = `its token is ${spanOf(token - now)} ahead of the time, so somebody's clock was`;
    findings.push(
      of("token", "note", says, "none is needed, but do not delete the row: docs/guides/deleting-a-lease.md"),
    );
  }
  const silent = tick === undefined ? undefined : silencing(tick, now);
  if (silent !== undefined) {
    const options = shard === undefined ? ["--clear"] : ["--shard", shellWord(shard), "--clear"];
    findings.push(of("tick", "warning", silent, commandAbout("tick", name, ...options)));
  }
  if (holder !== undefined && expiresAt !== undefined && expiresAt < now - MINUTE_MS) {
    const what = isSession ? "session" : "term";
    const rest = isSession ? "nobody has ended it" : "nobody has taken it";
    const says = `the ${what} of "${holder}" is over for ${spanOf(now - expiresAt)}, and ${rest}`;
    const fix = isSession
      ? `see whether a worker runs, if one should: ${commandAbout("group", name)}`
      : "see whether a candidate runs, if one should";
    findings.push(of("leader", "note", says, fix));
  }
  return findings;
}

/** Says how a last tick silences its schedule; `undefined` where it does not. */
function silencing(tick: string, now: number): string | undefined {
  if (!isInstant(tick))
    return `its last tick, "${tick}", is no instant as clients write it: occurrences may be refused for good`;
  if (Date.parse(tick) <= now + DAY_MS) return undefined;
  return `its last tick, ${tick}, is more than a day ahead: earlier occurrences are refused until then`;
}

/** Whether a tick is written in the one form in which texts sort as instants do. */
function isInstant(tick: string): boolean {
  try {
    return parseTick(tick) === tick;
  } catch {
    return false;
  }
}

/** Tells of each kind some by name, and how many there are besides. */
function bounded(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, number>();
  const kept = findings.filter(({ check }) => {
    const nth = (seen.get(check) ?? 0) + 1;
    seen.set(check, nth);
    return nth <= NAMED;
  });
  const rest = [...seen].filter(([, count]) => count > NAMED);
  return [
    ...kept,
    ...rest.map(([check, count]) => finding(check, "note", `${count - NAMED} more of this kind`)),
  ];
}
