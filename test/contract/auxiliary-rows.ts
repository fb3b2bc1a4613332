import { expect, it } from "vitest";
import { admit, requestTransfer, register } from "../../lib/core/auxiliary-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { MakeWorld } from "./contract.ts";
import { call, claimedRecord, firstClaim, literal, NOW, refused, written } from "./literals.ts";

const standing = (id: string, sequence = 1) => ({
  writeId: `w-${id}-${sequence}`,
  id,
  priority: 3,
  sequence,
  now: NOW,
  forMs: 60_000,
  since: NOW,
});

/** The rows beside a lease, and writes that ride. */
export function auxiliaryRowClaims(world: MakeWorld): void {
  it("keeps the rows of candidates apart from the lease's, from each other's and from other leases'", async () => {
    await using here = world();
    const name = here.name("rows");
    const ids = ["ann/1", "ann/10", "lease", "fence", "é#%_ /", "candidate#ann/1"];
    await written(here.store, firstClaim(name));
    for (const id of ids) await written(here.store, register(name, standing(id)));
    await written(here.store, register(`${name}/1`, standing("stranger")));
    await written(here.store, admit(name, "w-mark", 7));
    const { records, servedAt } = await here.store.rows(name, "candidate#", call);
    expect(records).toHaveLength(ids.length);
    expect(new Set(records.map(({ holder }) => holder))).toEqual(new Set(ids));
    expect(Number(servedAt) % 1_000).toBe(0);
    expect(records.find(({ holder }) => holder === "ann/1")).toEqual({
      name,
      row: "candidate#ann/1",
      holder: "ann/1",
      priority: 3,
      token: 1,
      durationMs: 60_000,
      expiresAt: NOW + 60_000,
      renewedAt: NOW,
      acquiredAt: NOW,
      ttl: (NOW + 60_000 + 3_600_000) / 1_000,
      revision: 1,
      transitions: 0,
      writeId: "w-ann/1-1",
    });
    expect((await here.store.read(name, call)).record, "the lease knows nothing of it").toEqual(
      claimedRecord(name),
    );
    const listed: unknown[] = [];
    for await (const page of here.store.list(call)) {
      listed.push(...page.records.filter((record) => record.name.startsWith(name)));
    }
    expect(listed).toEqual([claimedRecord(name)]);
  });

  it("stands for nothing where nobody does, and for none but this name", async () => {
    await using here = world();
    const name = here.name("nobody");
    expect((await here.store.rows(name, "candidate#", call)).records).toEqual([]);
    await written(here.store, register(`${name}1`, standing("ann")));
    expect((await here.store.rows(name, "candidate#", call)).records).toEqual([]);
  });

  it("takes no late duplicate of a registration that was renewed", async () => {
    await using here = world();
    const name = here.name("late");
    await written(here.store, register(name, standing("ann", 1)));
    await written(here.store, register(name, { ...standing("ann", 2), forMs: -60_000 }));
    await refused(here.store, register(name, standing("ann", 1)));
    const { records } = await here.store.rows(name, "candidate#", call);
    expect(records).toMatchObject([{ token: 2, durationMs: 0, expiresAt: NOW - 60_000 }]);
  });

  it("lets a request ride: what a holder compares, and what a watcher sees of it, stays as it was", async () => {
    await using here = world();
    const name = here.name("rides");
    await written(here.store, firstClaim(name));
    const write = requestTransfer(claimedRecord(name) as never, { writeId: "w-ask", by: "bob", priority: 5 });
    const { record } = await written(here.store, write);
    expect(record).toEqual({ ...claimedRecord(name), requestedBy: "bob", requestedPriority: 5 });
    expect(await here.row(name)).toEqual({
      ...claimedRecord(name),
      requestedBy: "bob",
      requestedPriority: 5,
    });
    const again = await refused(here.store, write);
    expect(again.current).toMatchObject({ writeId: "w-claim", requestedBy: "bob" });
    const renewal = literal(name, "w-2", { expects: { revision: 1 }, set: { expiresAt: epochMs(9_000) } });
    expect((await written(here.store, renewal)).record).toMatchObject({ revision: 2, requestedBy: "bob" });
  });

  it("raises a mark, admits the same token again and refuses an earlier one, whoever asks at once", async () => {
    await using here = world();
    const name = here.name("mark");
    const outcomes = await Promise.all(
      [5, 7, 6, 7].map((token, at) => here.store.write(admit(name, `w-${at}`, token), call)),
    );
    expect(outcomes[1]?.kind).toBe("written");
    expect(outcomes[3]?.kind).toBe("written");
    expect((await refused(here.store, admit(name, "w-late", 6))).current?.token).toBe(7);
    expect((await here.store.read(name, call)).record, "beside the lease of that name").toBeUndefined();
  });
}
