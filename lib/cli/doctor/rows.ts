import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import { AUXILIARY } from "../../core/names.ts";
import { type Row, rowOf } from "../../dynamodb/rows.ts";
import { LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";
import { spanOf } from "../lease-view.ts";
import { commandAbout, howMany } from "../text.ts";
import { ask, type Ground, why } from "./ask.ts";
import { type Finding, finding } from "./finding.ts";

/** How many rows are read at most; told where there are more. */
export const ROWS_LIMIT = 2_000;
/** How many leases of one kind are told of by name. */
const NAMED = 10;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What is counted on the way. */
interface Counted {
  leases: number;
  candidates: number;
  lapsed: number;
  readonly foreign: string[];
}

/** Reads rows, up to a limit, and tells of those that no client has written, and of what is left over. */
export async function examineRows(
  { client, tableName: TableName }: Ground,
  now: () => Promise<number>,
): Promise<Finding[]> {
  const counted: Counted = { leases: 0, candidates: 0, lapsed: 0, foreign: [] };
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
  const { leases, candidates, lapsed, foreign } = counted;
  const stale = lapsed === 0 ? "" : `, ${howMany(lapsed, "lapsed candidate")} that TTL will clear`;
  const found = `${howMany(leases, "lease")}, ${howMany(candidates, "candidate")}`;
  findings.unshift(finding("rows", "ok", `${found}${stale}${more}`));
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

function examineRow(item: Record<string, AttributeValue>, now: number, counted: Counted): Finding[] {
  const kind = item[LEASE_TABLE_SCHEMA.sortKey]?.S ?? "";
  const row = rowOf(item);
  if (row === undefined) return [];
  const { name, expiresAt = 0 } = row.record;
  if (kind === LEASE_TABLE_SCHEMA.leaseSortKey) {
    counted.leases += 1;
    return examineLease(row, now);
  }
  if (kind.startsWith(AUXILIARY.candidate)) {
    if (expiresAt > now) counted.candidates += 1;
    else counted.lapsed += 1;
  } else if (kind !== AUXILIARY.fence) counted.foreign.push(`${name} / ${kind}`);
  return [];
}

function examineLease({ record, broken }: Row, now: number): Finding[] {
  const { name, token, tick, holder, expiresAt } = record;
  const of = (check: string, level: Finding["level"], says: string, fix: string): Finding => ({
    ...finding(check, level, `lease "${name}": ${says}`, fix),
    lease: name,
  });
  const findings: Finding[] = [];
  if (broken.length > 0) {
    const says = broken.map(({ how }) => how).join(", and ");
    findings.push(of("malformed", "fault", says, "set the row right, or delete it while nobody leads"));
  }
  if (token > now + MINUTE_MS) {
    const says = `its token is ${spanOf(token - now)} ahead of the time, so somebody's clock was`;
    findings.push(
      of("token", "note", says, "none is needed, but do not delete the row: docs/guides/deleting-a-lease.md"),
    );
  }
  if (tick !== undefined && Date.parse(tick) > now + DAY_MS) {
    const says = `its last tick, ${tick}, is more than a day ahead: earlier occurrences are refused until then`;
    findings.push(of("tick", "warning", says, commandAbout("tick", name, "--clear")));
  }
  if (holder !== undefined && expiresAt !== undefined && expiresAt < now - MINUTE_MS) {
    const says = `the term of "${holder}" is over for ${spanOf(now - expiresAt)}, and nobody has taken it`;
    findings.push(of("leader", "note", says, "see whether a candidate runs, if one should"));
  }
  return findings;
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
