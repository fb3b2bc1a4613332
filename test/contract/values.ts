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

/** Values that come back as something else, and as what. */
const CHANGED: readonly (readonly [string, unknown, unknown])[] = [
  ["a map with nothing under a key", { a: undefined, b: 1 }, { b: 1 }],
  ["a list with nothing at a place", [1, undefined, 2], [1, 2]],
  ["a Map", new Map([["k", 1]]), { k: 1 }],
  ["a big integer", 7n, 7],
  ["a big integer beyond what a number counts exactly", 2n ** 60n, 2 ** 60],
];

/** Values that DynamoDB cannot hold. */
const UNSTORABLE: readonly (readonly [string, unknown])[] = [
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a date", new Date(0)],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["an integer beyond what JavaScript counts exactly", 2 ** 60],
  ["an instance of a class", new URL("https://example.com")],
  ["an empty set", new Set()],
  ["one of these inside a map", { at: new Date(0) }],
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

  it.for(CHANGED)("gives back what a table can say of a proclaimed value: %s", async ([, value, kept]) => {
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

  it.for(UNSTORABLE)("refuses to proclaim %s, names the lease, and writes nothing", async ([, value]) => {
    await using here = world();
    const name = here.name("unstorable");
    await written(here.store, firstClaim(name));
    const before = await here.row(name);
    const write = literal(name, "w-2", { expects: { revision: 1 }, set: { value } });
    const error = await leaseErrorOf(here.store.write(write, call), "INVALID_ARGUMENT");
    expect(error.lease).toBe(name);
    expect(await here.row(name)).toEqual(before);
  });

  it("tells a leader that it cannot proclaim such a value, and the term goes on", async () => {
    await using here = world();
    const name = here.name("unstorable");
    const { client } = here.member();
    const lease = await client.acquire(name);
    const error = await leaseErrorOf(lease.proclaim(new Date(0)), "INVALID_ARGUMENT");
    expect(error.lease).toBe(name);
    expect(lease.isHeld()).toBe(true);
    await lease.proclaim("fine");
    expect((await client.get(name)).value).toBe("fine");
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
