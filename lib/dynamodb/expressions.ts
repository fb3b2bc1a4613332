import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { convertToAttr } from "@aws-sdk/util-dynamodb";
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

/** The same, as requests name it. */
export function rowKey(name: string, row?: string): Record<string, AttributeValue> {
  const { partitionKey, sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;
  return { [partitionKey]: { S: name }, [sortKey]: { S: row ?? leaseSortKey } };
}

/** An `UpdateItem` without its table. */
export interface UpdateExpressions extends Text {
  readonly Key: Record<string, AttributeValue>;
  readonly ExpressionAttributeValues: Record<string, AttributeValue>;
}

/** What is the same for all writes that expect, set and clear the same attributes. */
interface Text {
  readonly ConditionExpression: string;
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
}

/** The text of a write, and for each placeholder of a value where in the write that value is. */
interface Template {
  readonly text: Text;
  readonly values: readonly Numbered<Place>[];
}

type Place = readonly [source: "write" | "set" | "expects" | "openTo" | "counts", key: string | number];

/** The templates of the writes that there were: as many as there are combinations of attributes. */
const TEMPLATES = new Map<string, Template>();

/**
 * Translates a write into one conditional `UpdateItem`. Attribute names and values go by placeholders: nothing
 * that comes from outside becomes part of an expression. The placeholders are numbers, which every request sends several times: names
 * made it a third longer (ADR 32).
 */
export function updateOf(write: LeaseWrite): UpdateExpressions {
  const shape = shapeOf(write);
  let template = TEMPLATES.get(shape);
  if (template === undefined) TEMPLATES.set(shape, (template = templateOf(write)));
  const { set, expects } = write;
  const sources = { write, set, expects, openTo: expects.openTo, counts: [0, 1] };
  const values: Record<string, AttributeValue> = {};
  for (const [placeholder, [source, key]] of template.values)
    values[placeholder] = attributeOf((sources[source] as unknown as Record<string, unknown>)[key]);
  const { text } = template;
  return {
    ...text,
    // A copy: what a middleware of the caller's does to one request must not be done to all.
    ExpressionAttributeNames: { ...text.ExpressionAttributeNames },
    Key: rowKey(write.name, write.row),
    ExpressionAttributeValues: values,
  };
}

/** A value as requests carry it. What is usual takes no library. */
function attributeOf(value: unknown): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (Number.isSafeInteger(value)) return { N: String(value) };
  return convertToAttr(value, { removeUndefinedValues: true });
}

/** Names all that the text of a write depends on. */
function shapeOf({ expects, set, clear, beginsTerm, piggybacks }: LeaseWrite): string {
  let shape = `${beginsTerm} ${piggybacks} ${expects.openTo?.length}`;
  for (const part of [expects, set] as Readonly<Record<string, unknown>>[]) {
    shape += ",";
    for (const attribute in part) shape += part[attribute] === undefined ? ` !${attribute}` : ` ${attribute}`;
  }
  return `${shape},${clear.join(" ")}`;
}

function templateOf({ expects, set, clear, beginsTerm, piggybacks }: LeaseWrite): Template {
  const names = new Placeholders<string>("#");
  const values = new Placeholders<Place>(":");
  const name = (attribute: string): string => names.of(attribute);
  const value = (...place: Place): string => values.of(place);
  const compare = (attribute: string, operator: string, ...place: Place): string =>
    `${name(attribute)} ${operator} ${value(...place)}`;
  const absent = (attribute: string): string => `attribute_not_exists(${name(attribute)})`;
  const either = (attribute: string, ...others: string[]): string =>
    `(${[absent(attribute), ...others].join(" OR ")})`;

  const { vacant, openTo, requestedBelow, tokenBelow, tickBelow, ...equal } = expects;
  const conditions = Object.keys(equal).map((key) => compare(key, "=", "expects", key));
  if (vacant !== undefined) conditions.push(absent("holder"));
  if (openTo !== undefined) {
    const open = openTo.map((_, at) => compare("reservedFor", "=", "openTo", at));
    conditions.push(either("reservedFor", ...open));
  }
  for (const [bound, attribute, key] of [
    [requestedBelow, "requestedPriority", "requestedBelow"],
    [tokenBelow, "token", "tokenBelow"],
    [tickBelow, "tick", "tickBelow"],
  ] as const)
    if (bound !== undefined) conditions.push(either(attribute, compare(attribute, "<", "expects", key)));
  if (conditions.length === 0) throw new TypeError("a write needs a condition");

  const sets = Object.entries(set)
    .filter(([, to]) => to !== undefined)
    .map(([key]) => compare(key, "=", "set", key));
  const plusOne = (attribute: string): void => {
    const before = `if_not_exists(${name(attribute)}, ${value("counts", 0)})`;
    sets.push(compare(attribute, `= ${before} +`, "counts", 1));
  };
  if (!piggybacks) {
    sets.push(compare("writeId", "=", "write", "writeId"));
    plusOne("revision");
  }
  if (beginsTerm) plusOne("transitions");
  let UpdateExpression = sets.length > 0 ? `SET ${sets.join(", ")} ` : "";
  if (clear.length > 0) UpdateExpression += `REMOVE ${clear.map(name).join(", ")}`;
  const text = {
    ConditionExpression: conditions.join(" AND "),
    UpdateExpression: UpdateExpression.trim(),
    ExpressionAttributeNames: Object.fromEntries(names.all),
  };
  return { text, values: values.all };
}

type Numbered<What> = readonly [placeholder: string, what: What];

/** Hands out placeholders, numbered by first use. */
class Placeholders<What extends string | Place> {
  readonly #sign: string;
  readonly #all = new Map<string, Numbered<What>>();

  constructor(sign: string) {
    this.#sign = sign;
  }

  /** Each that there is, and what it stands for. */
  get all(): readonly Numbered<What>[] {
    return [...this.#all.values()];
  }

  of(what: What): string {
    const key = String(what);
    const [placeholder] = this.#all.get(key) ?? [`${this.#sign}${this.#all.size}`];
    this.#all.set(key, [placeholder, what]);
    return placeholder;
  }
}
