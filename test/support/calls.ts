import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { LeaseClient } from "../../lib/index.ts";

/** A grant of a lease table: for named leases, or, with `-all`, without names. */
export type Role = "campaign" | "observe" | "operate" | "observe-all" | "operate-all";

/**
 * What a call is played on: a lease's name, and clients whose every request has to pass the policy
 * of one role.
 */
export interface Ground {
  readonly name: string;
  readonly tableName: string;
  /** A table of the application's own, which each role may write to. */
  readonly ownTable: string;
  readonly client: DynamoDBClient;
  readonly leases: LeaseClient;
  /** Makes the situation that the call is about, with all rights. */
  readonly admin: LeaseClient;
  /** Resolves when an action was asked of the lease table. */
  readonly asked: (action: string) => Promise<void>;
  /** Writes a row of the lease table past the store, with all rights. */
  readonly put: (row: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** A call that the package offers. */
export interface Call {
  /**
   * The grants of named leases under which it works; none where it needs a grant without names, or
   * sends nothing.
   */
  readonly grants: readonly Role[];
  /**
   * The actions of IAM that it takes, without `dynamodb:`. None: it sends nothing to a lease table.
   */
  readonly actions: readonly string[];
  /** Has the call send all that it ever sends. */
  readonly play?: (ground: Ground) => Promise<unknown>;
}

/** It sends nothing to a lease table. */
export const NOTHING: Call = { grants: [], actions: [] };
const LEADS: readonly Role[] = ["campaign"];
const READS: readonly Role[] = ["observe", "campaign", "operate"];
/** The grants for operators' calls. */
export const OPERATES: readonly Role[] = ["operate", "campaign"];

/** A call that whoever campaigns may make. */
export const writes = (play: Call["play"] & object, ...more: string[]): Call => ({
  grants: LEADS,
  actions: ["UpdateItem", ...more],
  play,
});
/** A call that reads: each grant allows it. */
export const reads = (action: string, play: Call["play"] & object): Call => ({
  grants: READS,
  actions: [action],
  play,
});
/** A call for operators. */
export const operates = (play: Call["play"] & object): Call => ({
  grants: OPERATES,
  actions: ["GetItem", "UpdateItem"],
  play,
});

/** Reads the first state of an iteration, and leaves it. */
export async function first(states: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of states) return;
}
