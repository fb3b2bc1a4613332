import { PutCommand, UpdateCommand, type UpdateCommandInput } from "@aws-sdk/lib-dynamodb";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenced } from "../../lib/fencing/fenced.ts";
import { bothOf, unusedPlaceholder, withAssignment } from "../../lib/fencing/expressions.ts";
import { type FencedGround, fencedGround, ORDERS } from "./ground.ts";

let ground: FencedGround;

beforeAll(async () => {
  ground = await fencedGround();
});

afterAll(() => ground[Symbol.asyncDispose]());

/** Names that look like the expression's keywords, or like the fence's own placeholders. */
const names = [
  "set",
  "SET",
  "remove",
  "add",
  "delete",
  "leaseholdMark",
  "leaseholdMark2",
  "a_set",
  "setting",
  "x",
];

/** One update, made clause by clause: a keyword in any case, and what it does to attributes of its own. */
const update = fc
  .record({
    order: fc.shuffledSubarray(["set", "remove", "add", "delete"] as const, { minLength: 1 }),
    upper: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    keys: fc.shuffledSubarray(names, { minLength: 8 }),
    space: fc.constantFrom(" ", "\n", "  "),
    glued: fc.boolean(),
  })
  .map(({ order, upper, keys, space, glued }) => {
    const [a, b, c, d, e, f] = keys.map((key) => `#${key}`);
    const bodies = {
      set: `${a} = if_not_exists(${a}, :set) + :add, ${b} = :SET`,
      remove: `${c}, ${d}[0]`,
      add: `${e} :add`,
      delete: `${f} :delete`,
    };
    const clauses = order.map((clause, at) => {
      const keyword = upper[at] ? clause.toUpperCase() : clause;
      return `${keyword}${glued ? "" : space}${bodies[clause]}`;
    });
    const UpdateExpression = clauses.join(space);
    const used = (placeholder: string): boolean =>
      [...UpdateExpression.matchAll(/[#:]\w+/g)].some(([found]) => found === placeholder);
    const all = { ":set": 1, ":add": 1, ":SET": "x", ":delete": new Set(["p"]) };
    return {
      UpdateExpression,
      ExpressionAttributeNames: Object.fromEntries(
        keys.filter((key) => used(`#${key}`)).map((key) => [`#${key}`, `attribute ${key}`]),
      ),
      ExpressionAttributeValues: Object.fromEntries(Object.entries(all).filter(([name]) => used(name))),
      item: { [`attribute ${keys[3]}`]: ["q", "r"], [`attribute ${keys[5]}`]: new Set(["p", "q"]) },
    };
  });

/** A condition that an item fulfils, in parentheses or not, and with operators that bind less than AND. */
const fulfilled = fc.constantFrom(
  undefined,
  "attribute_exists(id)",
  "(attribute_exists(id))",
  " ( attribute_exists(id) ) ",
  "attribute_exists(never) OR attribute_exists(id)",
  "(attribute_exists(never) OR attribute_exists(id))",
  "(attribute_exists(id)) OR (attribute_exists(never))",
  "NOT (attribute_exists(id) AND attribute_exists(never))",
);

/** DynamoDB refuses an empty map where it would have none. */
const withoutEmpty = (input: UpdateCommandInput): UpdateCommandInput => ({
  ...input,
  ExpressionAttributeValues:
    Object.keys(input.ExpressionAttributeValues ?? {}).length === 0
      ? undefined
      : input.ExpressionAttributeValues,
});

describe("a mark joined to an update expression", () => {
  it("does to an item what the update does without it, and sets the mark", async () => {
    const { documents, unique, order } = ground;
    await fc.assert(
      fc.asyncProperty(update, fulfilled, async ({ item, ...expressions }, ConditionExpression) => {
        const [plain, marked] = [unique(), unique()];
        const fence = fenced({ name: "l", holder: "h", token: 5 }, { highWaterMark: "leaseholdMark" });
        for (const id of [plain, marked]) {
          await documents.send(new PutCommand({ TableName: ORDERS, Item: { id, ...item } }));
          const input = withoutEmpty({ TableName: ORDERS, Key: { id }, ...expressions, ConditionExpression });
          const command = new UpdateCommand(input);
          await documents.send(id === marked ? fence(command) : command);
        }
        expect(await order(marked)).toEqual({ ...(await order(plain)), leaseholdMark: 5 });
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it.each([
    ["SET a = :a", "SET #m = :m, a = :a"],
    ["remove #set set #remove = :set", "remove #set set #m = :m, #remove = :set"],
    ["ADD offset :set", "SET #m = :m ADD offset :set"],
    ["DELETE a.set :x", "SET #m = :m DELETE a.set :x"],
    ["REMOVE set_, _set, a-set", "SET #m = :m REMOVE set_, _set, a-set"],
    [undefined, "SET #m = :m"],
  ])("of %s is %s", (given, merged) => {
    expect(withAssignment(given, "#m = :m")).toBe(merged);
  });
});

/** Evaluates a condition as DynamoDB would: parentheses, then NOT, AND, OR. */
function evaluate(condition: string, at: Readonly<Record<string, boolean>>): boolean {
  const words = condition.match(/\w+|[()]/g) ?? [];
  const term = (): boolean => {
    const word = words.shift() ?? "";
    if (word === "NOT") return !term();
    if (word !== "(") return at[word] ?? false;
    const inner = either();
    words.shift();
    return inner;
  };
  const both = (): boolean => {
    let all = term();
    while (words[0] === "AND") all = words.shift() !== undefined && term() && all;
    return all;
  };
  const either = (): boolean => {
    let any = both();
    while (words[0] === "OR") any = (words.shift() !== undefined && both()) || any;
    return any;
  };
  return either();
}

describe("a condition joined to another", () => {
  it("demands both, for every value of what they are made of", () => {
    const operand = fc.constantFrom("p", "q", "r");
    const { condition } = fc.letrec<{ condition: string }>((tie) => ({
      condition: fc.oneof(
        { maxDepth: 4 },
        operand,
        fc
          .tuple(tie("condition"), fc.constantFrom(" AND ", " OR "), tie("condition"))
          .map((parts) => parts.join("")),
        tie("condition").map((inner) => `NOT ${inner}`),
        tie("condition").map((inner) => `(${inner})`),
      ),
    }));
    fc.assert(
      fc.property(condition, condition, fc.boolean(), fc.boolean(), fc.boolean(), (theirs, ours, p, q, r) => {
        const at = { p, q, r };
        expect(evaluate(bothOf(theirs, ours), at)).toBe(evaluate(theirs, at) && evaluate(ours, at));
      }),
    );
    expect(bothOf(undefined, "p OR q")).toBe("p OR q");
  });

  it.each([
    ["p", "(p) AND (q)"],
    ["(p)", "(p) AND (q)"],
    [" (p OR (r)) ", "(p OR (r)) AND (q)"],
    ["(p) OR (r)", "((p) OR (r)) AND (q)"],
    ["f(p)", "(f(p)) AND (q)"],
  ])("has no doubled parentheses, which DynamoDB refuses: %s", (theirs, both) => {
    expect(bothOf(theirs, "q")).toBe(both);
  });

  it.each(["a) OR (b", "(a", "a)", ")a("])("is refused where its parentheses do not match: %s", (torn) => {
    expect(() => bothOf(torn, "p")).toThrow(/parenthesis/);
  });
});

describe("a placeholder of the fence", () => {
  it("is none that the write defines or mentions", () => {
    const word = fc.constantFrom("#m", "#m2", "#m3", ":m", "#mm", "#m-2");
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (mentioned, defined) => {
        const found = unusedPlaceholder("#m", {
          UpdateExpression: mentioned.join(","),
          ConditionExpression: mentioned.join("="),
          ExpressionAttributeNames: Object.fromEntries(defined.map((name) => [name, "a"])),
        });
        expect([...mentioned, ...defined]).not.toContain(found);
        expect(found).toMatch(/^#m\d*$/);
      }),
    );
  });
});
