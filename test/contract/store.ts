import { expect, it } from "vitest";
import { epochMs } from "../../lib/core/units.ts";
import type { MakeWorld } from "./contract.ts";
import { call, claimedRecord, firstClaim, literal, refused, written } from "./literals.ts";

/** What a store says of what it holds. */
export function storeClaims(world: MakeWorld): void {
  it("answers the record as a write left it, and the token that the write found", async () => {
    await using here = world();
    const name = here.name("written");
    const first = await written(here.store, firstClaim(name));
    expect(first.record).toEqual(claimedRecord(name));
    expect(first.tokenBefore).toBe(0);

    const second = await written(
      here.store,
      literal(name, "w-2", { expects: { revision: 1 }, set: { token: 1_001, renewedAt: epochMs(1_500) } }),
    );
    expect(second.record).toEqual({
      ...claimedRecord(name),
      token: 1_001,
      renewedAt: 1_500,
      revision: 2,
      writeId: "w-2",
    });
    expect(second.tokenBefore).toBe(1_000);
  });

  it("reads back what was written, and nothing where nothing was", async () => {
    await using here = world();
    const name = here.name("read");
    expect((await here.store.read(name, call)).record).toBeUndefined();
    await written(here.store, firstClaim(name));
    expect((await here.store.read(name, call)).record).toEqual(claimedRecord(name));
    expect(await here.row(name)).toEqual(claimedRecord(name));
  });

  it("refuses with the record as it stands, and changes nothing", async () => {
    await using here = world();
    const name = here.name("refused");
    await written(here.store, firstClaim(name));
    const again = { ...firstClaim(name), writeId: "w-other" };
    expect((await refused(here.store, again)).current).toEqual(claimedRecord(name));
    expect(await here.row(name)).toEqual(claimedRecord(name));
  });

  it("refuses with nothing where there is no record, and makes none", async () => {
    await using here = world();
    const name = here.name("nothing");
    const outcome = await refused(here.store, literal(name, "w", { expects: { revision: 1 } }));
    expect(outcome.current).toBeUndefined();
    expect(await here.row(name)).toBeUndefined();
  });

  it("recognises a write that was applied before as written, without applying it again", async () => {
    await using here = world();
    const name = here.name("recognised");
    await written(here.store, firstClaim(name));
    const retried = await written(here.store, firstClaim(name));
    expect(retried.record).toEqual(claimedRecord(name));
    expect(retried.tokenBefore, "a retry cannot tell what the first attempt found").toBeUndefined();
    expect(await here.row(name)).toEqual(claimedRecord(name));
  });

  it("tells service time in whole seconds with every answer: written, refused, read, list", async () => {
    await using here = world();
    const name = here.name("served");
    const member = here.member();
    const times = [
      (await written(here.store, firstClaim(name))).servedAt,
      (await refused(here.store, { ...firstClaim(name), writeId: "other" })).servedAt,
      (await here.store.read(name, call)).servedAt,
    ];
    for await (const page of here.store.list(call)) times.push(page.servedAt);
    const wall = member.clock.now().wall;
    for (const time of times) {
      expect(Number(time) % 1_000).toBe(0);
      expect(Math.abs(wall - Number(time)), "service time is about this machine's").toBeLessThan(5_000);
    }
  });

  it("lists every lease once, and no auxiliary row of a lease", async () => {
    await using here = world();
    const wanted = [here.name("list"), here.name("list"), here.name("list")];
    for (const name of wanted) await written(here.store, firstClaim(name));
    const listed: unknown[] = [];
    for await (const page of here.store.list(call)) {
      listed.push(...page.records.filter((record) => wanted.includes(record.name)));
    }
    expect(listed).toHaveLength(wanted.length);
    expect(listed).toEqual(expect.arrayContaining(wanted.map(claimedRecord)));
  });

  it("lists more than one page holds", { timeout: 20_000 }, async () => {
    await using here = world();
    const wanted = Array.from({ length: 5 }, () => here.name("page"));
    const large = "x".repeat(300_000);
    for (const name of wanted) {
      const claim = firstClaim(name);
      await written(here.store, { ...claim, set: { ...claim.set, value: large }, clear: [] });
    }
    const listed: string[] = [];
    for await (const page of here.store.list(call)) {
      listed.push(...page.records.map((record) => record.name).filter((name) => wanted.includes(name)));
    }
    expect(listed.toSorted()).toEqual(wanted.toSorted());
    for (const name of wanted) await here.remove(name);
  });

  it("keeps leases apart whose names are prefixes of each other", async () => {
    await using here = world();
    const short = here.name("prefix");
    const long = `${short}/deeper`;
    await written(here.store, firstClaim(short));
    expect((await here.store.read(long, call)).record).toBeUndefined();
    await written(here.store, firstClaim(long));
    expect((await here.store.read(short, call)).record).toEqual(claimedRecord(short));
  });

  it("starts again from nothing after a row was deleted", async () => {
    await using here = world();
    const name = here.name("deleted");
    await written(here.store, firstClaim(name));
    await here.remove(name);
    expect((await here.store.read(name, call)).record).toBeUndefined();
    const { record, tokenBefore } = await written(here.store, { ...firstClaim(name), writeId: "w-new" });
    expect(record).toEqual({ ...claimedRecord(name), writeId: "w-new" });
    expect(tokenBefore).toBe(0);
  });

  it("lets exactly one of many claims through that arrive at once", async () => {
    await using here = world();
    const name = here.name("race");
    const claims = Array.from({ length: 12 }, (_, at) => ({ ...firstClaim(name), writeId: `w-${at}` }));
    const outcomes = await Promise.all(claims.map((claim) => here.store.write(claim, call)));
    expect(outcomes.filter(({ kind }) => kind === "written")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "refused")).toHaveLength(11);
    expect((await here.row(name))?.["revision"]).toBe(1);
  });
}
