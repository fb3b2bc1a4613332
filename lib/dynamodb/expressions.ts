import type { NativeAttributeValue } from "@aws-sdk/util-dynamodb";
import type { LeaseWrite } from "../core/lease-write.ts";
import { LEASE_TABLE_SCHEMA } from "./schema.ts";

/** The key of a lease's row, or of an auxiliary row's. */
export function leaseKey(
  name: string,
  row: string = LEASE_TABLE_SCHEMA.leaseSortKey,
): Record<string, string> {
  const { partitionKey, sortKey } = LEASE_TABLE_SCHEMA;
  return { [partitionKey]: name, [sortKey]: row };
}

/** An `UpdateItem` without its table. */
export interface UpdateExpressions {
  readonly Key: Record<string, string>;
  readonly ConditionExpression: string;
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, NativeAttributeValue>;
}

/**
 * Translates a write into one conditional `UpdateItem`. Attribute names and values go by placeholders: nothing
 * that comes from outside becomes part of an expression.
 */
export function updateOf(write: LeaseWrite): UpdateExpressions {
  const names: Record<string, string> = {};
  const values: Record<string, NativeAttributeValue> = {};
  const name = (attribute: string): string => {
    names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  };
  const compare = (attribute: string, operator: string, value: NativeAttributeValue, use: string): string => {
    const placeholder = `:${use}_${attribute}`;
    values[placeholder] = value;
    return `${name(attribute)} ${operator} ${placeholder}`;
  };
  const absent = (attribute: string): string => `attribute_not_exists(${name(attribute)})`;
  const below = (attribute: string, bound: string | number): string =>
    `(${absent(attribute)} OR ${compare(attribute, "<", bound, "below")})`;
  const plus = (attribute: string, by: number): string => {
    values[":zero"] = 0;
    return compare(attribute, `= if_not_exists(${name(attribute)}, :zero) +`, by, "plus");
  };

  const { vacant, openTo, requestedBelow, tokenBelow, tickBelow, ...equal } = write.expects;
  const conditions = Object.entries(equal).map(([attribute, value]) => compare(attribute, "=", value, "is"));
  if (vacant !== undefined) conditions.push(absent("holder"));
  if (openTo !== undefined) {
    const open = openTo.map((who, at) => compare("reservedFor", "=", who, `open${at}`));
    conditions.push(`(${[absent("reservedFor"), ...open].join(" OR ")})`);
  }
  if (requestedBelow !== undefined) conditions.push(below("requestedPriority", requestedBelow));
  if (tokenBelow !== undefined) conditions.push(below("token", tokenBelow));
  if (tickBelow !== undefined) conditions.push(below("tick", tickBelow));
  if (conditions.length === 0) throw new TypeError("a write needs a condition");

  const stamp = write.piggybacks ? {} : { writeId: write.writeId };
  const sets = Object.entries({ ...write.set, ...stamp })
    .filter(([, value]) => value !== undefined)
    .map(([attribute, value]) => compare(attribute, "=", value, "set"));
  if (!write.piggybacks) sets.push(plus("revision", 1));
  if (write.beginsTerm) sets.push(plus("transitions", 1));
  const removals = write.clear.map(name);
  const clauses = { SET: sets, REMOVE: removals };
  return {
    Key: leaseKey(write.name, write.row),
    ConditionExpression: conditions.join(" AND "),
    UpdateExpression: Object.entries(clauses)
      .filter(([, actions]) => actions.length > 0)
      .map(([clause, actions]) => `${clause} ${actions.join(", ")}`)
      .join(" "),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}
