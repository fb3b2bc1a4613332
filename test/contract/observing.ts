import { expect, it } from "vitest";
import type { LeaseState } from "../../lib/core/record.ts";
import { noted, until } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

/** Following a lease from outside. */
export function observingClaims(world: MakeWorld): void {
  it("#31 shows all observers the same leader of each round, and the present state first to a fresh one", async () => {
    await using here = world();
    const name = here.name("rounds");
    const watchers = [here.member(), here.member(), here.member()];
    const seen = watchers.map(() => [] as LeaseState[]);
    const following = watchers.map(async ({ client }, at) => {
      for await (const state of client.observe(name, { intervalMs: 50 })) seen[at]?.push(state);
    });
    await until(here, 2_000, "the vacancy", () => seen.every((states) => states.length === 1));
    const led: (readonly [string, number])[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { candidate } = noted(here.member().client, name, { register: false });
      const { token } = await candidate.campaign();
      led.push([candidate.id, token]);
      const shown = (): boolean => seen.every((states) => states.at(-1)?.holder === candidate.id);
      await until(here, 3_000, `round ${round}`, shown);
      for await (const fresh of here.member().client.observe(name)) {
        expect(fresh).toMatchObject({ kind: "held", holder: candidate.id, token });
        break;
      }
      await candidate.resign();
      await here.pass(20);
    }
    for (const states of seen) {
      expect(states[0]).toMatchObject({ kind: "vacant", token: 0 });
      const leaders = states
        .filter(({ kind }) => kind === "held")
        .map(({ holder, token }) => [holder, token]);
      expect([...new Map(leaders.map(([id, token]) => [token, [id, token]])).values()]).toEqual(led);
      const revisions = states.map(({ revision }) => revision);
      expect(revisions, "never back").toEqual(revisions.toSorted((a, b) => a - b));
    }
    await Promise.all(watchers.map(({ client }) => client.close()));
    await here.within(2_000, Promise.all(following));
    for (const { clock } of watchers) expect(clock.pendingTimers).toBe(0);
  });

  it("#32 brings what is proclaimed to observers, the latest if they are slow", async () => {
    await using here = world();
    const name = here.name("latest");
    const candidate = here.member().client.candidate(name, { register: false });
    await candidate.campaign();
    const states = here.member().client.observe(name, { intervalMs: 50 });
    expect((await states.next()).value).toMatchObject({ holder: candidate.id, value: undefined });
    for (const value of ["one", "two", "three"]) await candidate.proclaim(value);
    expect((await here.within(2_000, states.next())).value).toMatchObject({ value: "three" });
    await states.return();
  });

  it("shows that a dead leader's term is over, and a request that changes no revision", async () => {
    await using here = world();
    const name = here.name("silent");
    const { client } = here.member();
    await client.acquire(name, { renew: "manual" });
    const states = here.member().client.observe(name, { intervalMs: 100 });
    const first = (await states.next()).value as LeaseState;
    await client.requestStepDown(name, { reserveFor: "bob" });
    const asked = (await here.within(2_000, states.next())).value;
    expect(asked).toMatchObject({ kind: "held", requestedBy: "bob", revision: first.revision });
    const over = (await here.within(5_000, states.next())).value;
    expect(over).toMatchObject({ kind: "expired", holder: first.holder });
    await states.return();
  });
}
