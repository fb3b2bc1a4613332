import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import type { MakeWorld } from "./contract.ts";
import { call, firstClaim, literal, written } from "./literals.ts";

/** Values that every store takes and gives back equal. */
const VALUES: readonly (readonly [string, unknown])[] = [
  ["text", "https://10.0.0.7:8443"],
  ["empty text", ""],
  ["text beyond ASCII", "Zürich 東京 🚀"],
  ["zero", 0],
  ["a negative number", -12.5],
  ["the largest safe integer", Number.MAX_SAFE_INTEGER],
  ["true", true],
  ["false", false],
  ["null", null],
  ["an empty list", []],
  ["a list of several kinds", ["a", 1, null, [true]]],
  ["an empty map", {}],
  ["a nested map", { endpoint: { host: "h", port: 1 }, tags: ["x"], "odd key #:": 1 }],
  ["bytes", new Uint8Array([0, 1, 255])],
  ["a set of texts", new Set(["a", "b"])],
  ["a set of numbers", new Set([1, 2])],
];

/** Values of which something is left out that reads the same when it is not there. */
const LEFT_OUT: readonly (readonly [string, unknown, unknown])[] = [
  ["a member that is undefined", { a: undefined, b: 1 }, { b: 1 }],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["a Buffer's bytes", { at: Buffer.from("x") }, { at: new Uint8Array([120]) }],
];

const cycle: { tags: unknown[] } = { tags: ["x"] };
cycle.tags.push({ again: cycle });

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

class Endpoint {
  readonly host = "h";
}

/** Values that would not come back as they went: what the error says of the place, and of what is there. */
const UNSTORABLE: readonly (readonly [string, unknown, string])[] = [
  ["a function", () => 1, "value is a function"],
  ["a symbol", Symbol("s"), "value is a symbol"],
  ["a date", new Date(0), "value is an instance of Date"],
  ["a Map", new Map([["k", 1]]), "value is an instance of Map"],
  ["NaN", Number.NaN, "value is NaN"],
  ["Infinity", Number.POSITIVE_INFINITY, "value is Infinity"],
  ["an integer beyond what JavaScript counts exactly", 2 ** 60, "value is 1152921504606847000"],
  ["a number below what DynamoDB has", { at: 1e-200 }, "value.at is 1e-200"],
  ["a big integer", 2n ** 60n, "value is a bigint"],
  ["a small one, which comes back as a number", { n: 7n }, "value.n is a bigint"],
  ["an instance of a class", new URL("https://example.com"), "value is an instance of URL"],
  ["an instance of a class of one's own", [new Endpoint()], "value[0] is an instance of Endpoint"],
  ["other numbers of bytes", { at: new Float64Array(1) }, "value.at is an instance of Float64Array"],
  ["a boxed text", { at: Object("x") }, "value.at is an instance of String"],
  ["an empty set", new Set(), "value is a set of nothing"],
  ["a set of several kinds", new Set(["a", 1]), "value is a set of string and number"],
  [
    "a set of the same bytes",
    new Set([new Uint8Array(1), new Uint8Array(1)]),
    "value is a set of bytes with",
  ],
  ["nothing at a place of a list", [1, undefined, 2], "value[1] is undefined"],
  ["a hole in a list", Array(1), "value[0] is undefined"],
  ["one of these deep inside", { a: [{ "odd key": { at: new Date(0) } }] }, 'value.a[0]["odd key"].at is an'],
  ["what is inside itself", cycle, "value.tags[1].again is inside itself"],
  ["what is nested too deep", nested(33), "is nested more than 32 deep"],
  ["half a character", { at: "\ud800" }, "value.at is text with half a character"],
  ["half a character as a name", { "\ud800": 1 }, "is text with half a character"],
  ["an empty name", { "": 1 }, 'value[""] is under a name'],
  ["a name that is a prototype's", JSON.parse('{"__proto__":1}'), "value.__proto__ is under a name"],
  ["a symbol for a name", { [Symbol("s")]: 1 }, "value is an object with a symbol"],
  ["more than fits beside the lease", { at: "x".repeat(400_000) }, "value is 400006 bytes"],
  ["more than fits, by its characters", "ü".repeat(200_001), "value is 400002 bytes"],
];

/** What a leader may proclaim. */
export function valueClaims(world: MakeWorld): void {
  it.for(VALUES)("gives a proclaimed value back as it was: %s", async ([, value]) => {
    await using here = world();
    const name = here.name("value");
    await written(here.store, firstClaim(name));
    const write = literal(name, "w-2", { expects: { revision: 1 }, set: { value } });
    expect((await written(here.store, write)).record.value).toEqual(value);
    expect((await here.store.read(name, call)).record?.value).toEqual(value);
  });

  it.for(LEFT_OUT)("gives back what a table can say of a proclaimed value: %s", async ([, value, kept]) => {
    await using here = world();
    const name = here.name("changed");
    await written(here.store, firstClaim(name));
    await written(here.store, literal(name, "w-2", { expects: { revision: 1 }, set: { value } }));
    const { record } = await here.store.read(name, call);
    expect(record?.value).toStrictEqual(kept);
  });

  it("removes what was proclaimed, and keeps everything else", async () => {
    await using here = world();
    const name = here.name("unproclaimed");
    await written(here.store, firstClaim(name));
    await written(here.store, literal(name, "w-2", { expects: { revision: 1 }, set: { value: "v" } }));
    await written(here.store, literal(name, "w-3", { expects: { revision: 2 }, clear: ["value"] }));
    const row = await here.row(name);
    expect(row).not.toHaveProperty("value");
    expect(row?.["holder"]).toBe("ann");
  });

  it.for(UNSTORABLE)(
    "refuses to proclaim %s, names the place, and writes nothing",
    async ([, value, found]) => {
      await using here = world();
      const name = here.name("unstorable");
      await written(here.store, firstClaim(name));
      const before = await here.row(name);
      const write = literal(name, "w-2", { expects: { revision: 1 }, set: { value } });
      const error = await leaseErrorOf(here.store.write(write, call), "INVALID_ARGUMENT");
      expect(error.lease).toBe(name);
      expect(error.message).toContain(found);
      expect(error.message, "what to do").toMatch(/; (give|store) /);
      expect(await here.row(name)).toEqual(before);
    },
  );

  it("tells a leader that it cannot proclaim such a value, and the term goes on", async () => {
    await using here = world();
    const name = here.name("unstorable");
    const member = here.member();
    const lease = await member.client.acquire(name);
    const sent = member.http();
    for (const value of [new Date(0), "x".repeat(400_001), { at: [undefined] }]) {
      const error = await leaseErrorOf(lease.proclaim(value), "INVALID_ARGUMENT");
      expect(error.lease).toBe(name);
    }
    expect(member.http(), "nothing is sent").toBe(sent);
    expect(lease.isHeld()).toBe(true);
    await lease.proclaim("fine");
    expect((await member.client.get(name)).value).toBe("fine");
  });

  it("takes a value as large as fits, beside the longest name", async () => {
    await using here = world();
    const name = here.name("large").padEnd(2_048, "n");
    const { client } = here.member({ durationMs: 30_000, renewIntervalMs: 10_000, requestTimeoutMs: 9_000 });
    const lease = await client.acquire(name);
    const value = "x".repeat(400_000);
    await lease.proclaim(value);
    expect((await client.get(name)).value).toBe(value);
    await lease.proclaim(undefined);
  });

  it("takes the value as it was at the call, however long the renewal waits for its turn", async () => {
    await using here = world();
    const name = here.name("at-the-call");
    const { client } = here.member();
    const lease = await client.acquire(name);
    const value = { hosts: ["a"], bytes: Buffer.from([1]), nested: { shared: ["x"] } };
    const before = lease.renew();
    const proclaiming = lease.proclaim(value);
    value.hosts.push("later");
    value.bytes[0] = 2;
    value.nested.shared.length = 0;
    await Promise.all([before, proclaiming]);
    const kept = { hosts: ["a"], bytes: new Uint8Array([1]), nested: { shared: ["x"] } };
    expect((await client.get(name)).value).toEqual(kept);
  });

  it("hands out copies: changing a value that was read changes nothing in the table", async () => {
    await using here = world();
    const name = here.name("copy");
    const proclaimed = { hosts: ["a"] };
    const { client } = here.member();
    const lease = await client.acquire(name);
    await lease.proclaim(proclaimed);
    proclaimed.hosts.push("later");
    const read = (await client.get(name)).value as { hosts: string[] };
    expect(read).toEqual({ hosts: ["a"] });
    read.hosts.push("mine");
    expect((await client.get(name)).value).toEqual({ hosts: ["a"] });
  });
}
