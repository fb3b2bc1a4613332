import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { RECOVERY_MS } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

const NOON = "2026-01-01T12:00:00.000Z";
const LATER = "2026-01-01T12:05:00.000Z";
const EARLIER = "2026-01-01T11:55:00.000Z";

/** One leader per scheduled occurrence. */
export function scheduleClaims(world: MakeWorld): void {
  it("#38 runs an occurrence once that is delivered twice at the same time", async () => {
    await using here = world();
    const name = here.name("at-once");
    let runs = 0;
    const deliveries = Array.from({ length: 4 }, () =>
      here.member().client.run(name, async () => (runs += 1), { tick: NOON }),
    );
    const results = await Promise.all(deliveries);
    expect(runs).toBe(1);
    expect(results.filter(({ kind }) => kind === "led")).toHaveLength(1);
    for (const result of results) {
      if (result.kind === "followed") expect(["held", "tick-done"]).toContain(result.reason);
    }
  });

  it("#38 runs an occurrence once that is delivered again later, and none that is earlier", async () => {
    await using here = world();
    const name = here.name("later");
    const deliver = (tick: string) => here.member().client.run(name, async () => tick, { tick });
    expect(await deliver(NOON)).toMatchObject({ kind: "led", value: NOON });
    await here.pass(50);
    const again = await deliver(NOON);
    expect(again).toMatchObject({ kind: "followed", reason: "tick-done" });
    if (again.kind === "followed") expect(again.state).toMatchObject({ kind: "vacant", tick: NOON });
    const redriven = await deliver(EARLIER);
    expect(redriven, "nobody can say whether it was done").toMatchObject({ reason: "tick-passed" });
    expect(await deliver(LATER)).toMatchObject({ kind: "led", value: LATER });
    expect((await here.row(name))?.["tick"]).toBe(LATER);
  });

  it.each([
    "2026-01-01T12:00Z",
    "2026-01-01T12:00:00Z",
    "2026-01-01T13:00:00+01:00",
    "2026-01-01T06:30:00.0-05:30",
    new Date(NOON),
  ])("#38 takes an occurrence for the same that is told as %s", async (tick) => {
    await using here = world();
    const name = here.name("told");
    const run = (as: string | Date) => here.member().client.run(name, async () => 1, { tick: as });
    expect((await run(tick)).kind).toBe("led");
    expect((await here.row(name))?.["tick"]).toBe(NOON);
    await here.pass(20);
    expect(await run(NOON)).toMatchObject({ kind: "followed", reason: "tick-done" });
    expect(await run(tick)).toMatchObject({ kind: "followed", reason: "tick-done" });
  });

  it.each(["until-success", "at-most-once"] as const)(
    "#38 refuses an occurrence too far ahead under %s, which would silence all before it, and writes nothing",
    async (tickPolicy) => {
      await using here = world();
      const name = here.name("ahead");
      const { client, clock } = here.member();
      const ahead = (ms: number): Date => new Date(clock.now().wall + ms);
      const running = client.run(name, async () => 1, { tick: ahead(86_405_000), tickPolicy });
      const error = await leaseErrorOf(running, "INVALID_ARGUMENT");
      expect(error).toMatchObject({ lease: name, message: expect.stringMatching(/tick 20.* ahead/) });
      expect(await here.row(name)).toBeUndefined();
      const soon = { tick: ahead(86_395_000), tickPolicy };
      expect((await client.run(name, async () => 1, soon)).kind).toBe("led");
    },
  );

  it("#38 leads without a tick whatever ticks were done, and leaves them as they are", async () => {
    await using here = world();
    const name = here.name("mixed");
    const { client } = here.member();
    await client.run(name, async () => 1, { tick: NOON });
    await here.pass(20);
    expect((await client.run(name, async () => 1)).kind).toBe("led");
    expect((await here.row(name))?.["tick"]).toBe(NOON);
  });

  it("#38 does not call an occurrence done before its leader has finished it", async () => {
    await using here = world();
    const name = here.name("unfinished");
    const { client } = here.member();
    const leads = async (): Promise<boolean> => {
      const result = await client.tryAcquire(name, { tick: NOON });
      if (result.kind === "refused") return false;
      expect(await here.row(name)).not.toHaveProperty("tick");
      await result.lease.release({ completed: false });
      await here.pass(20);
      return true;
    };
    expect(await leads()).toBe(true);
    expect(await leads()).toBe(true);
    const last = await client.tryAcquire(name, { tick: NOON });
    if (last.kind === "acquired") await last.lease.release({ completed: true });
    await here.pass(20);
    expect(await leads()).toBe(false);
  });

  it("#39 lets another finish the occurrence whose leader crashed", async () => {
    await using here = world();
    const name = here.name("crash");
    const crashed = await here.member().client.tryAcquire(name, { tick: NOON, renew: "manual" });
    expect(crashed.kind).toBe("acquired");
    const { client } = here.member();
    expect(await client.tryAcquire(name, { tick: NOON })).toMatchObject({ kind: "refused", reason: "held" });
    await here.pass(RECOVERY_MS - 700);
    expect((await client.run(name, async () => 1, { tick: NOON })).kind).toBe("led");
    await here.pass(20);
    const late = await here.member().client.run(name, async () => 2, { tick: NOON });
    expect(late).toMatchObject({ kind: "followed", reason: "tick-done" });
  });

  it("#39 never runs an occurrence twice under at-most-once, crashed leader or not", async () => {
    await using here = world();
    const name = here.name("at-most-once");
    const options = { tick: NOON, tickPolicy: "at-most-once", renew: "manual" } as const;
    expect((await here.member().client.tryAcquire(name, options)).kind).toBe("acquired");
    expect((await here.row(name))?.["tick"]).toBe(NOON);
    await here.pass(RECOVERY_MS - 700);
    const next = await here.member().client.tryAcquire(name, options);
    expect(next).toMatchObject({ kind: "refused", reason: "tick-done" });
    expect((await here.member().client.tryAcquire(name, { ...options, tick: LATER })).kind).toBe("acquired");
  });
}
