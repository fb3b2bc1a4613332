import {
  DeleteItemCommand,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { AUXILIARY } from "../../core/names.ts";
import { epochMs } from "../../core/units.ts";
import { claim } from "../../core/writes.ts";
import { LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";
import { type Answer, ask, type Ground, why } from "./ask.ts";
import { type Finding, finding, type Level } from "./finding.ts";
import { safeJson } from "../text.ts";

const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;

/** The name that stands for any lease where none is named; nobody's. */
const ANY = "leasehold-doctor";

/**
 * A condition that no row can meet and no missing row either: an item has both of its keys or there is none. So nothing is ever written,
 * while who may not write at all is told so before the condition is looked at.
 */
const NEVER = {
  ConditionExpression: "attribute_not_exists(#pk) AND attribute_exists(#sk)",
  ExpressionAttributeNames: { "#pk": partitionKey, "#sk": sortKey },
} as const;

/**
 * An update of the attributes that a claim writes, which nothing ever comes of: a grant may allow `UpdateItem` of some attributes
 * alone, as `grantOperate` does.
 */
const LIKE_A_CLAIM = (() => {
  const asked = { name: ANY, holder: ANY, writeId: ANY, now: epochMs(1), durationMs: 1, retentionMs: 1 };
  const { set, clear } = claim({ ...asked, timed: true, tick: undefined, claimsTick: false });
  const names = Object.fromEntries([...Object.keys(set), ...clear].map((name) => [`#${name}`, name]));
  return {
    ...NEVER,
    UpdateExpression: `REMOVE ${Object.keys(names).join(", ")}`,
    ExpressionAttributeNames: { ...NEVER.ExpressionAttributeNames, ...names },
  };
})();

/** What a right is good for, and what it means not to have it. */
interface Right {
  readonly action: string;
  readonly allowed: string;
  readonly denied: string;
  readonly levels: { readonly allowed: Level; readonly denied: Level };
  readonly fix: string;
  readonly probe: (ground: Ground, lease: string) => Promise<Answer<unknown>>;
  /** Whoever has not this right may have a lesser one, which is enough for somebody. */
  readonly lesser?: Pick<Right, "allowed" | "probe">;
}

const keyOf = (lease: string) => ({ [partitionKey]: { S: lease }, [sortKey]: { S: leaseSortKey } });
const campaign = (lease: string): string => `LeaseTable.grantCampaign(grantee, ${safeJson(lease)})`;

/** The rights on the rows of a lease. */
const RIGHTS: readonly Right[] = [
  {
    action: "GetItem",
    allowed: "may see who leads",
    denied: "may not see who leads",
    levels: { allowed: "ok", denied: "fault" },
    fix: "grantObserve or grantCampaign",
    probe: ({ client, tableName: TableName }, lease) =>
      ask((options) =>
        client.send(new GetItemCommand({ TableName, Key: keyOf(lease), ConsistentRead: true }), options),
      ),
  },
  {
    action: "UpdateItem",
    allowed: "may stand for it",
    denied: "may not stand for it",
    levels: { allowed: "ok", denied: "warning" },
    fix: "grantCampaign",
    probe: ({ client, tableName: TableName }, lease) =>
      ask((options) =>
        client.send(new UpdateItemCommand({ TableName, Key: keyOf(lease), ...LIKE_A_CLAIM }), options),
      ),
    lesser: {
      allowed: "may operate it (step-down, release, tick), and not stand for it",
      probe: ({ client, tableName: TableName }, lease) =>
        ask((options) =>
          client.send(new UpdateItemCommand({ TableName, Key: keyOf(lease), ...NEVER }), options),
        ),
    },
  },
  {
    action: "Query",
    allowed: "may list its candidates",
    denied: "may not list its candidates, nor transfer it to one",
    levels: { allowed: "ok", denied: "note" },
    fix: "grantObserve or grantCampaign",
    probe: ({ client, tableName: TableName }, lease) =>
      ask((options) =>
        client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: "#pk = :name AND begins_with(#sk, :row)",
            ExpressionAttributeNames: NEVER.ExpressionAttributeNames,
            ExpressionAttributeValues: { ":name": { S: lease }, ":row": { S: AUXILIARY.candidate } },
            Limit: 1,
          }),
          options,
        ),
      ),
  },
  {
    action: "ConditionCheckItem",
    allowed: "may fence transactions with it",
    denied: "may not fence transactions with it",
    levels: { allowed: "ok", denied: "note" },
    fix: "grantCampaign",
    probe: ({ client, tableName: TableName }, lease) =>
      ask((options) =>
        client.send(
          new TransactWriteItemsCommand({
            TransactItems: [{ ConditionCheck: { TableName, Key: keyOf(lease), ...NEVER } }],
          }),
          options,
        ),
      ),
  },
  {
    action: "DeleteItem",
    allowed: "may delete its row, and the token with it, which nobody has to",
    denied: "may not delete its row, and need not",
    levels: { allowed: "note", denied: "ok" },
    fix: "take dynamodb:DeleteItem from this role; grantCampaign does not give it",
    probe: ({ client, tableName: TableName }, lease) =>
      ask((options) =>
        client.send(new DeleteItemCommand({ TableName, Key: keyOf(lease), ...NEVER }), options),
      ),
  },
];

/** What was found of the caller's rights. */
export interface Rights {
  readonly findings: Finding[];
  readonly mayScan: boolean;
  /** A lease whose row the caller may read; `undefined` for none. */
  readonly readable: string | undefined;
}

/** Looks at what the caller may do: on the table, and on the rows of each lease that is named. Nothing is written. */
export async function examineRights(ground: Ground, leases: readonly string[]): Promise<Rights> {
  const scan = await ask((options) =>
    ground.client.send(new ScanCommand({ TableName: ground.tableName, Limit: 1 }), options),
  );
  const mayScan = scan.kind === "answered";
  const findings = [
    mayScan
      ? finding("Scan", "ok", "may list all leases")
      : finding(
          "Scan",
          "note",
          `may not list all leases, which a candidate need not${told(scan)}`,
          "grantObserve without names, for operators",
        ),
  ];
  let readable: string | undefined;
  for (const lease of leases.length === 0 ? [undefined] : leases) {
    for (const right of RIGHTS) {
      const { isAllowed, found } = await examineRight(ground, right, lease);
      findings.push(found);
      if (isAllowed && right.action === "GetItem") readable ??= lease ?? ANY;
    }
  }
  return { findings, mayScan, readable };
}

async function examineRight(ground: Ground, right: Right, lease: string | undefined) {
  const { action, allowed, denied, levels, fix, probe, lesser } = right;
  const got = await probe(ground, lease ?? ANY);
  const about = { check: action, lease: lease ?? null } as const;
  const of = lease === undefined ? "any lease" : `lease "${lease}"`;
  if (got.kind === "failed" || (got.kind === "refused" && !isRefusedByCondition(got.error))) {
    const found: Finding = {
      ...about,
      level: "fault",
      says: `${of}: no usable answer: ${why(got.error)}`,
      fix: "see the table's findings",
    };
    return { isAllowed: false, found };
  }
  const isAllowed = isGiven(got);
  if (!isAllowed && lesser !== undefined && isGiven(await lesser.probe(ground, lease ?? ANY))) {
    const found: Finding = { ...about, level: "note", says: `${of}: ${lesser.allowed}`, fix: null };
    return { isAllowed, found };
  }
  const level = isAllowed ? levels.allowed : levels.denied;
  // Whoever may do something with leases of some names may do nothing with the one that nobody has.
  const unnamed = lease === undefined && !isAllowed && level !== "ok";
  const found: Finding = {
    ...about,
    level: unnamed ? "note" : level,
    says: `${of}: ${isAllowed ? allowed : denied}`,
    fix: level === "ok" ? null : unnamed ? "name the lease: leasehold doctor NAME" : fixFor(fix, lease),
  };
  return { isAllowed, found };
}

function fixFor(fix: string, lease: string | undefined): string {
  return fix === "grantCampaign" && lease !== undefined ? campaign(lease) : fix;
}

const isGiven = ({ kind }: Answer<unknown>): boolean => kind !== "denied" && kind !== "unknown";

function isRefusedByCondition({ name, message }: Error): boolean {
  return name.startsWith("ConditionalCheckFailed") || /ConditionalCheckFailed/.test(message);
}

function told(got: Answer<unknown>): string {
  return got.kind === "answered" || got.kind === "denied" ? "" : ` (${why(got.error)})`;
}
