import type { NativeAttributeValue } from "@aws-sdk/util-dynamodb";
import type { Clearable, Expectation, LeaseWrite, Settable } from "../core/writes.ts";
import { LEASE_TABLE_SCHEMA } from "./schema.ts";

/** The key of a lease's row. */
export function leaseKey(name: string): Record<string, string> {
  const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;
  return { [partitionKey]: name, [sortKey]: leaseSortKey };
}

/** An `UpdateItem` without its table. */
export interface UpdateExpressions {
  readonly Key: Record<string, string>;
  readonly ConditionExpression: string;
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, NativeAttributeValue>;
}

/** Attribute names and values by placeholder: nothing that comes from outside becomes part of an expression. */
class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, NativeAttributeValue> = {};

  name(attribute: string): string {
    this.names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  value(label: string, value: NativeAttributeValue): string {
    this.values[`:${label}`] = value;
    return `:${label}`;
  }
}

/** Translates a write into one conditional `UpdateItem`. */
export function updateOf(write: LeaseWrite): UpdateExpressions {
  const at = new Placeholders();
  const condition = conditionOf(write.expects, at);
  const update = updateExpressionOf(write, at);
  return {
    Key: leaseKey(write.name),
    ConditionExpression: condition,
    UpdateExpression: update,
    ExpressionAttributeNames: at.names,
    ExpressionAttributeValues: at.values,
  };
}

function conditionOf(expects: Expectation, at: Placeholders): string {
  const { vacant, tokenBelow, tickBelow, ...equal } = expects;
  const clauses: string[] = [];
  if (vacant) clauses.push(`attribute_not_exists(${at.name("holder")})`);
  if (tokenBelow !== undefined) clauses.push(absentOrBelow("token", tokenBelow, at));
  if (tickBelow !== undefined) clauses.push(absentOrBelow("tick", tickBelow, at));
  for (const attribute of ["revision", "token", "holder", "writeId"] as const) {
    const value = equal[attribute];
    if (value !== undefined) clauses.push(`${at.name(attribute)} = ${at.value(`is_${attribute}`, value)}`);
  }
  if (clauses.length === 0) throw new TypeError("a write without a condition is never sent");
  return clauses.join(" AND ");
}

function absentOrBelow(attribute: string, bound: string | number, at: Placeholders): string {
  const name = at.name(attribute);
  return `(attribute_not_exists(${name}) OR ${name} < ${at.value(`below_${attribute}`, bound)})`;
}

function updateExpressionOf(write: LeaseWrite, at: Placeholders): string {
  const sets = [
    plus("revision", 1, at),
    plus("transitions", write.beginsTerm ? 1 : 0, at),
    `${at.name("writeId")} = ${at.value("set_writeId", write.writeId)}`,
  ];
  for (const [attribute, value] of Object.entries(write.set) as [keyof Settable, NativeAttributeValue][]) {
    if (value !== undefined) sets.push(`${at.name(attribute)} = ${at.value(`set_${attribute}`, value)}`);
  }
  const removals = write.clear.map((attribute: Clearable) => at.name(attribute));
  return `SET ${sets.join(", ")}${removals.length > 0 ? ` REMOVE ${removals.join(", ")}` : ""}`;
}

function plus(attribute: string, by: number, at: Placeholders): string {
  const name = at.name(attribute);
  return `${name} = if_not_exists(${name}, ${at.value("zero", 0)}) + ${at.value(`plus_${attribute}`, by)}`;
}
