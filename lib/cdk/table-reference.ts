import { type IResource, Resource } from "aws-cdk-lib";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { type GrantTarget, grantCampaign, grantObserve, grantOperate } from "./lease-grants.ts";

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
  /**
   * Whether the table's own policy is stated to let this account's roles in, where the table is
   * another account's.
   */
  readonly allowedByResourcePolicy?: boolean;
  /**
   * Lets the grantee campaign for the named leases: claim, take over, renew and release them, read
   * them, list who is registered for them, and check their token in a transaction.
   *
   * Least, because a candidate sends only `GetItem`, `UpdateItem` and `Query`, and
   * `ConditionCheckItem` when it fences. It cannot delete a row (that would lose the token), scan,
   * or touch a lease that is not named, since the request's partition key must be one of the names
   * (`dynamodb:LeadingKeys`).
   *
   * The name of a group or of a semaphore covers all of it: its shards and the sessions of its
   * workers are rows under that one partition key. IAM cannot confine a role to some of its shards.
   *
   * Grants the role only: a grantee in another account also needs the table's resource policy, and
   * a table that is encrypted with a customer's key.
   *
   * @param leaseNames at least one, each of 1 to 2,048 bytes; no wildcards
   */
  grantCampaign(grantee: IGrantable, ...leaseNames: string[]): Grant;
  /**
   * Lets the grantee see who leads and who is registered: `GetItem` and `Query` on the named leases, or,
   * without names, these and `Scan` on the whole table, which is what a client's `list()` sends.
   * The name of a group covers its shards and workers (`get`, `observe`, `list` and `status` of it).
   *
   * @param leaseNames any number, each of 1 to 2,048 bytes; none means all
   */
  grantObserve(grantee: IGrantable, ...leaseNames: string[]): Grant;
  /**
   * Lets the grantee do an operator's work on the named leases, or, without names, on all: see who
   * leads and who is registered, request a hand-over (`requestStepDown`), release a lease by force (`forceRelease`),
   * set the last tick back (`rewindTick`), and read the settings of the table (`leasehold doctor`).
   * The list of all leases needs `Scan`, and so a grant without names. The name of a group covers the
   * same of its shards.
   *
   * It cannot delete a row, and a client under it cannot campaign: its `UpdateItem` must name no
   * attribute but those that these three writes name (`dynamodb:Attributes`), and every claim and
   * renewal names others. So does every write by which a worker's session is opened, renewed or ended. **That keeps a client from leading by mistake, not a person from harm**:
   * IAM does not tell a write from a comparison, so a request that is made by hand can still put a
   * holder or a token into a row. Give it to people and to what they run, not to services.
   *
   * @param leaseNames any number, each of 1 to 2,048 bytes; none means all
   */
  grantOperate(grantee: IGrantable, ...leaseNames: string[]): Grant;
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

/** How a table that was published is found. */
export interface LeaseTableFromSsmOptions extends ImportedLeaseTableOptions {
  /**
   * The `ssmPrefix` that it was published under, such as `/leasehold/leases`. Known at synthesis.
   */
  readonly prefix: string;
}

/** How a table that its ARN names is described. */
export interface LeaseTableByArnOptions extends ImportedLeaseTableOptions {
  /**
   * States that the table's resource policy lets this account's roles in. To be set, and only to be
   * set, for a table of another account, together with `encryptionKey`: a table that is encrypted
   * with a key of AWS cannot be used from another account.
   * @default false
   */
  readonly allowedByResourcePolicy?: boolean;
}

/** What an imported table is known by. */
export interface ImportedLeaseTableProps extends LeaseTableByArnOptions {
  readonly tableName: string;
  readonly tableArn: string;
}

/** What every lease table can do, whoever made it. */
export abstract class LeaseTableBase extends Resource implements ILeaseTable {
  abstract readonly tableName: string;
  abstract readonly tableArn: string;
  abstract readonly encryptionKey?: IKey;

  grantCampaign(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantCampaign(this.#target, grantee, leaseNames);
  }

  grantObserve(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantObserve(this.#target, grantee, leaseNames);
  }

  grantOperate(grantee: IGrantable, ...leaseNames: string[]): Grant {
    return grantOperate(this.#target, grantee, leaseNames);
  }

  /** What the grants need to know of it. */
  get #target(): GrantTarget {
    return { scope: this, tableArn: this.tableArn, encryptionKey: this.encryptionKey };
  }
}

/** A table that exists elsewhere. Nothing is made of it. */
export class ImportedLeaseTable extends LeaseTableBase {
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
}
