import { type IResource, Stack, Token, Validations } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { LEASE_TABLE_SCHEMA } from "../dynamodb/schema.ts";
import { checkLeaseName } from "./checks.ts";

/** What a grant needs to know of a lease table, deployed here or elsewhere. */
export interface GrantTarget {
  readonly scope: IResource;
  readonly tableArn: string;
  readonly encryptionKey: IKey | undefined;
}

/**
 * What a candidate sends: `UpdateItem` for every write, `GetItem` to look, `Query` to list who is registered for a lease of
 * its own, or what there is of its group, and the `ConditionCheck` on the lease row with which a fenced transaction proves its token (IAM knows
 * item actions, not transactions).
 */
const CAMPAIGN_ACTIONS = [
  "dynamodb:GetItem",
  "dynamodb:Query",
  "dynamodb:UpdateItem",
  "dynamodb:ConditionCheckItem",
];
const OBSERVE_ACTIONS = ["dynamodb:GetItem", "dynamodb:Query"];
const OBSERVE_ALL_ACTIONS = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"];

/** What the settings of a table are read by. */
const DESCRIBE_ACTIONS = [
  "dynamodb:DescribeTable",
  "dynamodb:DescribeTimeToLive",
  "dynamodb:DescribeContinuousBackups",
];

/**
 * The attributes that an operator's writes (request, revoke, rewind, and the ring that has a worker
 * look at them) compare, set or remove, and the keys. Without `durationMs`, `acquiredAt`,
 * `renewedAt`, `ttl` and `transitions`, no candidate claims, renews or registers. Without
 * `sessionToken`, none claims a shard, and without `weight` and `maxShards`, none ends another's
 * session.
 */
const OPERATED_ATTRIBUTES = [
  LEASE_TABLE_SCHEMA.partitionKey,
  LEASE_TABLE_SCHEMA.sortKey,
  "holder",
  "token",
  "revision",
  "writeId",
  "tick",
  "expiresAt",
  "value",
  "priority",
  "requestedBy",
  "requestedPriority",
  "lockDelayMs",
  "reservedFor",
  "bell",
];

/** What DynamoDB asks of a caller's rights on a customer's key. */
const KEY_READ_ACTIONS = ["kms:Decrypt", "kms:DescribeKey"];
const KEY_WRITE_ACTIONS = [...KEY_READ_ACTIONS, "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"];

/** Lets the grantee campaign for the named leases and nothing else. */
export function grantCampaign(
  target: GrantTarget,
  grantee: IGrantable,
  leaseNames: readonly string[],
): Grant {
  if (leaseNames.length === 0) {
    throw new Error(
      `${target.scope.node.path}: grantCampaign got no leaseNames; name at least one lease, since a grant ` +
        "without names would let the grantee end every other service's term",
    );
  }
  const rows = Grant.addToPrincipal({
    grantee,
    actions: CAMPAIGN_ACTIONS,
    resourceArns: [target.tableArn],
    conditions: onlyLeases(target.scope, leaseNames),
  });
  warnOfNothing("grantCampaign", target, grantee, rows);
  return withKey(rows, target, grantee, KEY_WRITE_ACTIONS);
}

/** Lets the grantee read the named leases, or, without names, read and list them all. */
export function grantObserve(target: GrantTarget, grantee: IGrantable, leaseNames: readonly string[]): Grant {
  const reads = observe(target, grantee, leaseNames);
  warnOfNothing("grantObserve", target, grantee, reads);
  return reads;
}

function observe(target: GrantTarget, grantee: IGrantable, leaseNames: readonly string[]): Grant {
  const named = leaseNames.length > 0;
  const rows = Grant.addToPrincipal({
    grantee,
    actions: named ? OBSERVE_ACTIONS : OBSERVE_ALL_ACTIONS,
    resourceArns: [target.tableArn],
    ...(named ? { conditions: onlyLeases(target.scope, leaseNames) } : {}),
  });
  return withKey(rows, target, grantee, KEY_READ_ACTIONS);
}

/** Lets the grantee do an operator's work on the named leases, or, without names, on all. */
export function grantOperate(target: GrantTarget, grantee: IGrantable, leaseNames: readonly string[]): Grant {
  const named = leaseNames.length > 0 ? onlyLeases(target.scope, leaseNames) : {};
  const on = { grantee, resourceArns: [target.tableArn] };
  const reads = observe(target, grantee, leaseNames);
  warnOfNothing("grantOperate", target, grantee, reads);
  const writes = Grant.addToPrincipal({
    ...on,
    actions: ["dynamodb:UpdateItem"],
    conditions: both(named, {
      "ForAllValues:StringEquals": { "dynamodb:Attributes": OPERATED_ATTRIBUTES },
      Null: { "dynamodb:Attributes": "false" },
    }),
  });
  const settings = Grant.addToPrincipal({ ...on, actions: DESCRIBE_ACTIONS });
  return withKey(reads.combine(writes).combine(settings), target, grantee, KEY_WRITE_ACTIONS);
}

/**
 * Warns where the grantee's policies are not this app's to write, so that the grant is one in name alone. CDK tells of principals
 * that are no role, and pretends of roles of another account.
 */
function warnOfNothing(
  grant: string,
  { scope }: GrantTarget,
  { grantPrincipal }: IGrantable,
  given: Grant,
): void {
  const role = Construct.isConstruct(grantPrincipal) ? grantPrincipal : undefined;
  const account = grantPrincipal.principalAccount;
  const here = role && Stack.of(role).account;
  const isElsewhere =
    here !== undefined &&
    account !== undefined &&
    account !== here &&
    ![account, here].some(Token.isUnresolved);
  if (given.success && !isElsewhere) return;
  const who = role === undefined ? `the ${grantPrincipal.constructor.name}` : role.node.path;
  Validations.of(scope).addWarning(
    "leasehold:grant-adds-nothing",
    `${grant} adds nothing for ${who}${account === undefined || Token.isUnresolved(account) ? "" : `, of account ${account}`}: no policy of it is this app's to write. A principal of ` +
      "another account needs the grant in its own account's app, a statement in the table's own policy, and the use of its key: " +
      'docs/guides/cdk.md, "Another account"',
  );
}

type Conditions = Record<string, Record<string, unknown>>;

/** Conditions of which all have to hold: those of one operator are told together. */
function both(some: Conditions, more: Conditions): Conditions {
  const operators = new Set([...Object.keys(some), ...Object.keys(more)]);
  return Object.fromEntries(
    [...operators].map((operator) => [operator, { ...some[operator], ...more[operator] }]),
  );
}

/**
 * Confines a statement to partition keys. `ForAllValues` is true of a request that carries no partition key
 * at all, so `Null: false` has to say that it carries one.
 */
function onlyLeases(scope: IResource, leaseNames: readonly string[]): Conditions {
  const names = leaseNames.map((name) => checkLeaseName(scope, name, "leaseNames"));
  return {
    "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": names.map(asLiteral) },
    Null: { "dynamodb:LeadingKeys": "false" },
  };
}

/** Keeps IAM from reading `${…}` in a lease's name as one of its policy variables. */
function asLiteral(name: string): string {
  return Token.isUnresolved(name) ? name : name.replaceAll("${", "${$}{");
}

/** A customer's key opens only through DynamoDB: the grantee gets no use of it anywhere else. */
function withKey(rows: Grant, target: GrantTarget, grantee: IGrantable, actions: string[]): Grant {
  if (target.encryptionKey === undefined) return rows;
  const { urlSuffix } = Stack.of(target.scope);
  const { region } = target.scope.env; // of the table, which need not be that of the stack
  const key = Grant.addToPrincipal({
    grantee,
    actions,
    resourceArns: [target.encryptionKey.keyArn],
    conditions: { StringEquals: { "kms:ViaService": `dynamodb.${region}.${urlSuffix}` } },
  });
  return rows.combine(key);
}
