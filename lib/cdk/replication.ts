import { Stack, Token } from "aws-cdk-lib";
import { CfnGlobalTable, MultiRegionConsistency, type TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { IConstruct } from "constructs";
import { refuse } from "./checks.ts";

const WHY_NOT_EVENTUAL =
  "replicas that agree eventually check a condition against their own copy, so two regions can both win the " +
  "same lease. Set multiRegionConsistency to STRONG, or keep the table in one region";

const WHY_NO_TTL =
  "a table with strong consistency across regions has no TTL. Leave timeToLive out; rows of unused lease names then stay";

/** What decides how a table is replicated. */
export interface ReplicationProps {
  readonly replicaRegions?: string[];
  readonly multiRegionConsistency?: MultiRegionConsistency;
  readonly witnessRegion?: string;
  readonly timeToLive?: boolean;
  readonly encryptionKey?: unknown;
}

/** Refuses replication under which an election would not be one, or which AWS would refuse at deployment. */
export function checkReplicationProps(scope: IConstruct, props: ReplicationProps): void {
  const regions = props.replicaRegions ?? [];
  const strong = props.multiRegionConsistency === MultiRegionConsistency.STRONG;
  if (props.multiRegionConsistency === MultiRegionConsistency.EVENTUAL) {
    refuse(scope, `multiRegionConsistency is EVENTUAL, but ${WHY_NOT_EVENTUAL}`);
  }
  if (regions.length > 0 && !strong) {
    refuse(scope, `replicaRegions is [${regions.join(", ")}], but ${WHY_NOT_EVENTUAL}`);
  }
  if (props.witnessRegion !== undefined && !strong) {
    refuse(
      scope,
      `witnessRegion is "${props.witnessRegion}", but only strong consistency knows a witness; ` +
        "set multiRegionConsistency to STRONG or leave witnessRegion out",
    );
  }
  if (!strong) return;
  if (props.timeToLive === true) refuse(scope, `timeToLive is true, but ${WHY_NO_TTL}`);
  const others = regions.length + (props.witnessRegion === undefined ? 0 : 1);
  if (regions.length === 0 || others !== 2) {
    refuse(
      scope,
      `multiRegionConsistency STRONG takes exactly three regions, but replicaRegions is [${regions.join(", ")}] ` +
        `and witnessRegion ${props.witnessRegion ?? "is absent"}; beside the stack's own region give two ` +
        "replicaRegions, or one and a witnessRegion",
    );
  }
  const named = [
    Stack.of(scope).region,
    ...regions,
    ...(props.witnessRegion === undefined ? [] : [props.witnessRegion]),
  ];
  const twice = twiceIn(named);
  if (twice !== undefined) {
    refuse(
      scope,
      `multiRegionConsistency STRONG takes exactly three regions, but ${twice} is named twice: replicaRegions is ` +
        `[${regions.join(", ")}], witnessRegion ${props.witnessRegion ?? "is absent"}, and the stack's own region is ` +
        `${Stack.of(scope).region}; name three that differ`,
    );
  }
  if (props.encryptionKey !== undefined) {
    refuse(
      scope,
      "encryptionKey belongs to one region, but multiRegionConsistency STRONG needs a key in each; " +
        "leave encryptionKey out, so that AWS manages them",
    );
  }
}

/** A region that is there twice. What is known only at deployment is not looked at. */
function twiceIn(regions: readonly string[]): string | undefined {
  return regions.find((region, at) => !Token.isUnresolved(region) && regions.indexOf(region) < at);
}

/**
 * Judges the table as it will be synthesized, so that a replica or a TTL added behind the construct's back is
 * refused as well. Raw overrides of the template are not seen.
 */
export function findReplicationFaults(table: TableV2): string[] {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnGlobalTable)) return [];
  const stack = Stack.of(table);
  const replicas = regionsOf(stack.resolve(resource.replicas));
  const witnesses = regionsOf(stack.resolve(resource.globalTableWitnesses));
  const ttl: { readonly enabled?: boolean } | undefined = stack.resolve(resource.timeToLiveSpecification);
  const strong = resource.multiRegionConsistency === MultiRegionConsistency.STRONG;

  const faults: string[] = [];
  if (replicas.length > 1 && !strong) {
    faults.push(`the table has ${replicas.length} replicas, but ${WHY_NOT_EVENTUAL}`);
  }
  const regions = [...replicas, ...witnesses];
  if (strong && regions.length !== 3) {
    faults.push(
      `the table has ${regions.length} regions, ${regions.join(", ")}, but multiRegionConsistency STRONG takes exactly three; ` +
        "leave out what was added to it",
    );
  }
  const voter = replicas.find((region) => witnesses.includes(region));
  if (voter !== undefined)
    faults.push(`${voter} is both a replica's and the witness's region; they have to differ`);
  if (strong && ttl?.enabled === true) faults.push(`the table has TTL enabled, but ${WHY_NO_TTL}`);
  return faults;
}

/** The regions of what a table has in several, as they are synthesized; one that is known only at deployment is told as such. */
function regionsOf(places: unknown): string[] {
  if (!Array.isArray(places)) return [];
  return places.map(({ region }) => (typeof region === "string" ? region : "the stack's own"));
}
