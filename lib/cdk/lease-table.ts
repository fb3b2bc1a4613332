import { ArnFormat, type IResource, RemovalPolicy, Resource, Stack, Token } from "aws-cdk-lib";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { LEASE_TABLE_SCHEMA } from "../dynamodb/schema.ts";
import { checkTableArn, refuse } from "./checks.ts";
import { grantCampaign, grantObserve } from "./lease-grants.ts";
import { checkReplicationProps, findReplicationFaults } from "./replication.ts";

/** A table of leases, created by this app or by another. */
export interface ILeaseTable extends IResource {
  /** Name of the table: what a client takes as `tableName`. */
  readonly tableName: string;
  /** ARN of the table. */
  readonly tableArn: string;
  /** ARN of the table's stream, where it is known to have one: what `LeadershipEvents` reads. */
  readonly tableStreamArn?: string;
  /** The customer's key that the table is encrypted with, if there is one. */
  readonly encryptionKey?: IKey;
  /** Whether the table's own policy is stated to let this account's roles in, where the table is another account's. */
  readonly allowedByResourcePolicy?: boolean;
  /**
   * Lets the grantee stand for the named leases: claim, take over, renew and release them, read them, and
   * check their token in a transaction.
   *
   * Least, because a candidate sends only `GetItem` and `UpdateItem`, and `ConditionCheckItem` when it fences.
   * It cannot delete a row (that would lose the token), scan, or touch a lease that is not named, since the
   * request's partition key must be one of the names (`dynamodb:LeadingKeys`).
   *
   * Grants the role only: a grantee in another account also needs the table's resource policy, and a table that is
   * encrypted with a customer's key.
   *
   * @param leaseNames at least one, each of 1 to 2,048 bytes; no wildcards
   */
  grantCampaign(grantee: IGrantable, ...leaseNames: string[]): Grant;
  /**
   * Lets the grantee see who leads: `GetItem` on the named leases, or, without names, `GetItem` and `Scan` on
   * the whole table, which is what a client's `list()` sends.
   *
   * @param leaseNames any number, each of 1 to 2,048 bytes; none means all
   */
  grantObserve(grantee: IGrantable, ...leaseNames: string[]): Grant;
}

/** How a {@link LeaseTable} is made. Every property can be left out. */
export interface LeaseTableProps {
  /**
   * Name of the table.
   * @default - CloudFormation makes one up, so that a table can be replaced without a clash
   */
  readonly tableName?: string;
  /**
   * Key that encrypts the table. Grants then include its use, by way of DynamoDB alone. One region only, and the
   * stack has to name it (`env.region`).
   * @default - the key that AWS manages for DynamoDB in the account
   */
  readonly encryptionKey?: IKey;
  /**
   * Whether DynamoDB deletes the rows of leases that nobody has written for a client's `retentionMs`.
   * @default true, and false when `multiRegionConsistency` is `STRONG`, which has no TTL
   */
  readonly timeToLive?: boolean;
  /**
   * Whether the table can be restored to any second of the last 35 days. Tokens keep rising after a restore.
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Whether the table has a stream of its changes, with both images. Needed only for a `LeadershipEvents` of another app: one
   * of the same app turns the stream on by itself.
   * @default false
   */
  readonly stream?: boolean;
  /**
   * Whether DynamoDB refuses to delete the table. Takes precedence over `removalPolicy`.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * What becomes of the table when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Regions, beside the stack's own, that hold the table. Only with `multiRegionConsistency: STRONG`: replicas
   * that agree eventually let two regions win the same lease, and are refused.
   * @default - one region
   */
  readonly replicaRegions?: string[];
  /**
   * How replicas agree. `STRONG` needs three regions in all, one of which may be the `witnessRegion`, and a
   * stack with a concrete region. It takes away TTL and transactions, so a fenced write has to compare the
   * token in the guarded item itself.
   * @default - none: one region
   */
  readonly multiRegionConsistency?: dynamodb.MultiRegionConsistency;
  /**
   * Region that votes but holds no readable copy, in place of a third replica.
   * @default - none
   */
  readonly witnessRegion?: string;
}

/** How a table that exists elsewhere is described. */
export interface ImportedLeaseTableOptions {
  /**
   * The customer's key that the table is encrypted with; grants then include its use.
   * @default - none: encrypted with a key of AWS
   */
  readonly encryptionKey?: IKey;
  /**
   * ARN of the table's stream, in this stack's region; `LeadershipEvents` needs it.
   * @default - none
   */
  readonly tableStreamArn?: string;
}

/** How a table that its ARN names is described. */
export interface LeaseTableByArnOptions extends ImportedLeaseTableOptions {
  /**
   * States that the table's resource policy lets this account's roles in. To be set, and only to be set, for a table of
   * another account, together with `encryptionKey`: a table that is encrypted with a key of AWS cannot be used from
   * another account.
   * @default false
   */
  readonly allowedByResourcePolicy?: boolean;
}

/**
 * Creates the DynamoDB table that candidates contend in.
 *
 * On-demand, since elections idle; encrypted; restorable; and protected against deletion, because deleting
 * it ends every term in the account. One table serves any number of leases, functions and services.
 */
export class LeaseTable extends Resource implements ILeaseTable {
  /**
   * Refers to a table that another stack or app created in this account and region.
   * @param tableName may be a token, such as a parameter's value; an ARN is refused, see {@link LeaseTable.fromTableArn}
   */
  static fromTableName(
    scope: Construct,
    id: string,
    tableName: string,
    options: ImportedLeaseTableOptions = {},
  ): ILeaseTable {
    const tableArn = Stack.of(scope).formatArn({
      service: "dynamodb",
      resource: "table",
      resourceName: tableName,
    });
    const table = new ImportedLeaseTable(scope, id, { tableName, tableArn, ...options });
    if (!Token.isUnresolved(tableName) && tableName.startsWith("arn:")) {
      refuse(
        table,
        `tableName is an ARN, ${tableName}; use LeaseTable.fromTableArn, which heeds its region and account`,
      );
    }
    return table;
  }

  /**
   * Refers to a table by its ARN: one of another region, or of another account that lets this one in. A function that
   * `LeaderSchedule` makes then gets the ARN as `LEASE_TABLE_NAME`, and its client talks to the table's region.
   *
   * @param tableArn of the table itself, and of the replica to talk to where it has several; may be a token
   */
  static fromTableArn(
    scope: Construct,
    id: string,
    tableArn: string,
    options: LeaseTableByArnOptions = {},
  ): ILeaseTable {
    const { resourceName } = Stack.of(scope).splitArn(tableArn, ArnFormat.SLASH_RESOURCE_NAME);
    const tableName = resourceName ?? "";
    const table = new ImportedLeaseTable(scope, id, { tableName, tableArn, ...options });
    checkTableArn(table, tableArn);
    if (options.allowedByResourcePolicy === true && options.encryptionKey === undefined) {
      refuse(
        table,
        "allowedByResourcePolicy is given without encryptionKey, but a table that is encrypted with a key of AWS " +
          "cannot be used from another account; encrypt it with a customer's key and give that",
      );
    }
    return table;
  }

  readonly tableName: string;
  readonly tableArn: string;
  readonly tableStreamArn?: string;
  readonly encryptionKey?: IKey;
  /** The DynamoDB table itself, for metrics and alarms. */
  readonly table: dynamodb.TableV2;

  constructor(scope: Construct, id: string, props: LeaseTableProps = {}) {
    super(scope, id);
    checkReplicationProps(this, props);
    const strong = props.multiRegionConsistency === dynamodb.MultiRegionConsistency.STRONG;
    if (props.encryptionKey !== undefined && Token.isUnresolved(this.env.region)) {
      refuse(
        this,
        "encryptionKey is given, but the stack names no region, and DynamoDB binds a table's key to one; " +
          "set env.region on the stack or leave encryptionKey out",
      );
    }
    const { partitionKey, sortKey, ttlAttribute } = LEASE_TABLE_SCHEMA;

    const table = new dynamodb.TableV2(this, "Table", {
      partitionKey: { name: partitionKey, type: dynamodb.AttributeType.STRING },
      sortKey: { name: sortKey, type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
      deletionProtection: props.deletionProtection ?? true,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      encryption:
        props.encryptionKey === undefined
          ? dynamodb.TableEncryptionV2.awsManagedKey()
          : dynamodb.TableEncryptionV2.customerManagedKey(props.encryptionKey),
      ...(props.tableName === undefined ? {} : { tableName: props.tableName }),
      ...(props.stream === true ? { dynamoStream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES } : {}),
      ...((props.timeToLive ?? !strong) ? { timeToLiveAttribute: ttlAttribute } : {}),
      ...(strong
        ? {
            multiRegionConsistency: dynamodb.MultiRegionConsistency.STRONG,
            replicas: (props.replicaRegions ?? []).map((region) => ({ region })),
            ...(props.witnessRegion === undefined ? {} : { witnessRegion: props.witnessRegion }),
          }
        : {}),
    });

    this.table = table;
    this.tableName = table.tableName;
    this.tableArn = table.tableArn;
    if (props.stream === true && table.tableStreamArn !== undefined) {
      this.tableStreamArn = table.tableStreamArn;
    }
    if (props.encryptionKey !== undefined) this.encryptionKey = props.encryptionKey;
    this.node.addValidation({ validate: () => findReplicationFaults(table) });
  }

  grantCampaign(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantCampaign(grantTarget(this), grantee, leaseNames);
  }

  grantObserve(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantObserve(grantTarget(this), grantee, leaseNames);
  }

  /**
   * Counts the requests of candidates and observers that DynamoDB throttled, per five minutes. More than a
   * few mean that a lease gets over 1,000 writes a second, or that the account's limits are reached.
   * @param props changes to the metric, its operations among them
   */
  metricThrottledRequests(props: dynamodb.OperationsMetricOptions = {}): IMetric {
    return this.table.metricThrottledRequestsForOperations({
      operations: [dynamodb.Operation.GET_ITEM, dynamodb.Operation.UPDATE_ITEM],
      ...props,
    });
  }
}

/** What an imported table is known by. */
interface ImportedLeaseTableProps extends LeaseTableByArnOptions {
  readonly tableName: string;
  readonly tableArn: string;
}

class ImportedLeaseTable extends Resource implements ILeaseTable {
  readonly tableName: string;
  readonly tableArn: string;
  readonly tableStreamArn?: string;
  readonly encryptionKey?: IKey;
  readonly allowedByResourcePolicy?: boolean;

  constructor(scope: Construct, id: string, props: ImportedLeaseTableProps) {
    super(scope, id, { environmentFromArn: props.tableArn });
    this.tableName = props.tableName;
    this.tableArn = props.tableArn;
    if (props.tableStreamArn !== undefined) this.tableStreamArn = props.tableStreamArn;
    if (props.encryptionKey !== undefined) this.encryptionKey = props.encryptionKey;
    if (props.allowedByResourcePolicy === true) this.allowedByResourcePolicy = true;
  }

  grantCampaign(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantCampaign(grantTarget(this), grantee, leaseNames);
  }

  grantObserve(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantObserve(grantTarget(this), grantee, leaseNames);
  }
}

function grantTarget(table: ILeaseTable) {
  return { scope: table, tableArn: table.tableArn, encryptionKey: table.encryptionKey };
}
