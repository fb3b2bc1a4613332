import { describe, expect, it } from "vitest";
import { many } from "./many/part.ts";

const context = { smoke: true, signal: new AbortController().signal, progress: () => undefined };

describe("the benchmark of many leases", () => {
  it("claims, renews and lets go of leases of their own one by one, and of a group by its session", async () => {
    const [section] = await many.run(context);
    const [atRest, comingAndGoing] = section?.tables ?? [];
    const row = (name: string) => ({
      rest: atRest?.rows.find(([held]) => held === name) ?? [],
      moves: comingAndGoing?.rows.find(([held]) => held === name) ?? [],
    });
    const own = row("20 of their own, 15 s");
    const group = row("20 in a group, 15 s");
    const column = (heading: string): number => atRest?.columns.indexOf(heading) ?? -1;
    const claims = comingAndGoing?.columns.indexOf("claims sent") ?? -1;
    const writes = comingAndGoing?.columns.indexOf("writes to let go of all") ?? -1;
    expect(own.moves[claims]).toBe(20);
    expect(group.moves[claims], "one more opens the session").toBe(21);
    expect(own.moves[writes]).toBe(20);
    expect(group.moves[writes]).toBe(1);
    expect(own.rest[column("led at the end")]).toBe(20);
    expect(group.rest[column("led at the end")]).toBe(20);
    expect(own.rest[column("renewals a second")]).not.toMatch(/^0/);
    expect(own.rest[column("terms lost")]).toBe(0);
    expect(section?.targets.map(({ measured }) => measured)).toEqual([0, 0]);
    expect(section?.plots).toHaveLength(2);
  });
});
