import { Stage, Token } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import type { ILeaseTable } from "./lease-table.ts";
import { hasReplicaIn, resourceOf } from "./table-location.ts";

/** What synthesis knows of a question; some answers are known only at deployment. */
export type Answer = "yes" | "no" | "unknown";

/** Whether two constructs stand for one table, or for two of its replicas. */
export function isSameTable(one: ILeaseTable, other: ILeaseTable): Answer {
  if (one === other) return "yes";
  const [a, b] = [resourceOf(one), resourceOf(other)];
  if (a !== undefined && b !== undefined) return "no";
  const [here, there] = [one, other].map((table) => resourceOf(table)?.tableName ?? table.tableName);
  if (here === undefined || there === undefined) return "unknown";
  const name = here === there ? sameWhere(one, other, here) : either(here, there);
  return both(name, both(sameEnv(one, other, "account"), sameRegion(one, other)));
}

/** Whether one is the other's replica, or in its region. Tables of one name in two regions may be replicas of one. */
function sameRegion(one: ILeaseTable, other: ILeaseTable): Answer {
  const answer = sameEnv(one, other, "region");
  if (answer !== "no") return answer;
  const table = resourceOf(one) ?? resourceOf(other);
  if (table === undefined) return "unknown";
  return [one, other].every(({ env }) => hasReplicaIn(table, env.region)) ? "yes" : "no";
}

function sameEnv(one: ILeaseTable, other: ILeaseTable, what: "account" | "region"): Answer {
  const [here, there] = [one.env[what], other.env[what]];
  return here === there ? sameWhere(one, other, here) : either(here, there);
}

/** Equal texts mean the same, unless they hold tokens of two stages, which may be deployed to two places. */
export function sameWhere(one: IConstruct, other: IConstruct, text: string): Answer {
  return !Token.isUnresolved(text) || Stage.of(one) === Stage.of(other) ? "yes" : "unknown";
}

function either(here: string, there: string): Answer {
  return Token.isUnresolved(here) || Token.isUnresolved(there) ? "unknown" : "no";
}

/** Whether both hold. */
export function both(one: Answer, other: Answer): Answer {
  if (one === "no" || other === "no") return "no";
  return one === "unknown" || other === "unknown" ? "unknown" : "yes";
}
