import { parseTableName } from "../../dynamodb/table-name.ts";
import { lineOf } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Ground } from "./ask.ts";
import { examineCaller } from "./caller.ts";
import { type Finding, finding } from "./finding.ts";
import { examineRights } from "./rights.ts";
import { examineRows } from "./rows.ts";
import { examineTable } from "./table.ts";
import { examineClock, examineRoundTrip } from "./timing.ts";

/** Looks at everything that an election needs, in the order in which it fails. Each request reads, or is refused by its condition. */
export async function examine(session: Session, leases: readonly string[]): Promise<Finding[]> {
  parseTableName(session.tableName); // What is wrong with the command line itself is no finding.
  const ground = await groundOf(session).catch(unopened);
  if ("findings" in ground) return ground.findings;
  const caller = await examineCaller(ground.client, session.options);
  if (!caller.canSend) return caller.findings;
  const table = await examineTable(ground);
  const soFar = [...caller.findings, ...table.findings];
  if (table.exists === false) return soFar;
  const rights = await examineRights(ground, leases);
  const { readable, mayScan } = rights;
  return [
    ...soFar,
    ...rights.findings,
    ...(readable === undefined ? [] : await examineRoundTrip(ground, readable)),
    ...examineClock(await session.skewMs()),
    ...(mayScan ? await examineRows(ground, () => session.now()) : []),
  ];
}

/** What keeps a client from being made is a finding as well. */
function unopened(error: unknown): { readonly findings: Finding[] } {
  const says = lineOf(error);
  const [check, fix] = UNOPENED.find(([, , about]) => about.test(says)) ?? UNOPENED[0];
  return { findings: [finding(check, "fault", says, fix)] };
}

/** What a client is made with, what mends it, and which messages are about it. */
const UNOPENED = [
  ["region", "give --region, or set AWS_REGION", /no AWS region/],
  ["region", "leave out --region", /contradicts/],
  ["endpoint", "give --endpoint as the message says", /--endpoint/],
  ["credentials", "give a --profile that is there", /^profile /],
] as const;

/** What the examiners of a session's table share. */
export async function groundOf(session: Session): Promise<Ground> {
  const { tableName } = parseTableName(session.tableName);
  const client = await session.dynamodb();
  return { client, tableName, shortName: tableName.replace(/^.*\//, "") };
}
