import { ArnFormat, RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { LEASE_TABLE_SCHEMA } from "../dynamodb/schema.ts";
import { checkTableArn, refuse } from "./checks.ts";
import { checkReplicationProps, findReplicationFaults } from "./replication.ts";
import { checkSsmPrefix, publish, tableNameFrom } from "./sharing.ts";
import {
  type ILeaseTable,
  ImportedLeaseTable,
  type ImportedLeaseTableOptions,
  LeaseTableBase,
  type LeaseTableByArnOptions,
  type LeaseTableFromSsmOptions,
} from "./table-reference.ts";

export type {
  ILeaseTable,
  ImportedLeaseTableOptions,
  LeaseTableByArnOptions,
  LeaseTableFromSsmOptions,
} from "./table-reference.ts";

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
  /**
   * Where the table is published for whoever is deployed from elsewhere: as the parameters
   * `<prefix>/table-name` and `<prefix>/table-arn` of Systems Manager, in the stack's own region
   * and account. `/leasehold/leases`, say. See {@link LeaseTable.fromSsm}. Begins with "/", does
   * not end with it; at most 13 parts of letters, digits, `.`, `_` and `-`.
   * @default - it is not published
   */
  readonly ssmPrefix?: string;
}

/**
 * Creates the DynamoDB table that candidates contend in.
 *
 * On-demand, since elections idle; encrypted; restorable; and protected against deletion, because deleting
 * it ends every term in the account. One table serves any number of leases, functions and services.
 */
export class LeaseTable extends LeaseTableBase {
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

  /**
   * Refers to a table that was published under a prefix ({@link LeaseTableProps.ssmPrefix}) in this
   * region and account. CloudFormation reads the name when the stack is deployed; synthesis looks
   * nothing up and needs no credentials.
   *
   * Parameters belong to one region of one account. For a table of another, pass its ARN to {@link
   * LeaseTable.fromTableArn}. A stack goes on with the name that it has read until it is deployed
   * again.
   */
  static fromSsm(scope: Construct, id: string, options: LeaseTableFromSsmOptions): ILeaseTable {
    const { prefix, ...rest } = options;
    checkSsmPrefix(scope, prefix, "prefix");
    return LeaseTable.fromTableName(scope, id, tableNameFrom(scope, prefix), rest);
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
    if (props.ssmPrefix !== undefined) checkSsmPrefix(this, props.ssmPrefix, "ssmPrefix");
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
    if (props.ssmPrefix !== undefined) publish(this, props.ssmPrefix);
    this.node.addValidation({ validate: () => findReplicationFaults(table) });
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
