import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { noted, until, untilStopped } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

const EARLY = "2026-01-01T02:00:00.000Z";
const LATE = "2026-01-01T03:00:00.000Z";

/** What an operator can do from outside. */
export function operatingClaims(world: MakeWorld): void {
  it("#22 tells a leader whose lease was released by force within a second of its next renewal", async () => {
    await using here = world();
    const name = here.name("force");
    const operator = here.member();
    const { candidate, ends } = noted(here.member().client, name, { register: false });
    const lease = await candidate.campaign();
    const forced = await operator.client.forceRelease(name);
    expect(forced).toEqual({ kind: "released", holder: candidate.id, token: lease.token });
    expect(operator.http()).toBe(2);
    expect(await here.row(name)).not.toHaveProperty("holder");
    await until(here, 600 + 1_000, "told", () => ends.length === 1);
    expect(ends).toEqual([{ reason: "revoked" }]);
    expect(lease.signal.aborted).toBe(true);
  });

  it("#22 harms no successor by what the deposed leader still tries", async () => {
    await using here = world();
    const name = here.name("deposed");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    const operator = here.member().client;
    await operator.forceRelease(name);
    const successor = await operator.acquire(name, { renew: "manual" });
    expect(successor.token).toBeGreaterThan(lease.token);
    const before = await here.row(name);
    await leaseErrorOf(lease.proclaim("mine"), "LEASE_LOST");
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    const { holder: by, token } = successor;
    expect(lease.end).toEqual({ reason: "superseded", by, token });
    expect(await lease.release()).toEqual({ kind: "superseded", by, token });
    expect(await here.row(name)).toEqual(before);
    await successor.renew();
  });

  it("asks a leader to step down, once however often it is asked, and it does at its next renewal", async () => {
    await using here = world();
    const name = here.name("request");
    const operator = here.member();
    const options = { priority: 9, drainMs: 0, reserveForMs: 500, register: false };
    const { candidate, ends, leases } = noted(here.member().client, name, options);
    const running = candidate.run(untilStopped);
    await until(here, 3_000, "it leads", () => leases.length === 1);
    const asked = { kind: "requested", holder: candidate.id, token: leases[0]?.token };
    expect(await operator.client.requestStepDown(name)).toEqual(asked);
    expect(operator.http()).toBe(2);
    expect(await operator.client.requestStepDown(name)).toEqual(asked);
    await until(here, 1_600, "it stepped down", () => ends.length === 1);
    expect(ends).toEqual([{ reason: "stepped-down" }]);
    await candidate.resign();
    await running;
  });

  it("changes nothing where nobody leads", async () => {
    await using here = world();
    const name = here.name("nobody");
    const { client } = here.member();
    expect(await client.requestStepDown(name)).toEqual({ kind: "vacant" });
    expect(await client.forceRelease(name)).toEqual({ kind: "vacant" });
    expect(await here.row(name), "nor makes a record").toBeUndefined();
    const lease = await client.acquire(name);
    await lease.release();
    const before = await here.row(name);
    expect(await client.requestStepDown(name)).toEqual({ kind: "vacant" });
    expect(await client.forceRelease(name)).toEqual({ kind: "vacant" });
    expect(await here.row(name)).toEqual(before);
  });

  it("asks a dead leader in vain: its term ends by itself, and the request with it", async () => {
    await using here = world();
    const name = here.name("dead");
    const { client } = here.member();
    const dead = await client.acquire(name, { renew: "manual" });
    await here.pass(4_200);
    expect(await client.requestStepDown(name)).toMatchObject({ kind: "requested", holder: dead.holder });
    const next = await here.member().client.acquire(name);
    expect(next.token).toBeGreaterThan(dead.token);
    expect(await here.row(name)).not.toHaveProperty("requestedBy");
  });

  it("lists who stands, strongest first, beside the lease and without it", async () => {
    await using here = world();
    const name = here.name("list");
    const beside = [`${name}1`, `${name}/1`];
    const { client } = here.member();
    for (const other of beside) await here.member().client.candidate(other).campaign();
    const stood = [0, 5, 2].map((priority) =>
      noted(here.member().client, name, { priority, minTermMs: 86_400_000 }),
    );
    const campaigns: Promise<unknown>[] = [];
    for (const { candidate } of stood) {
      campaigns.push(candidate.campaign().catch(() => undefined));
      await here.pass(150);
    }
    const listed = await client.candidates(name);
    const ids = stood.map(({ candidate }) => candidate.id);
    expect(listed.map(({ id, priority }) => [id, priority])).toEqual([
      [ids[1], 5],
      [ids[2], 2],
      [ids[0], 0],
    ]);
    for (const { expiresAt } of listed) expect(expiresAt).toBeGreaterThan(Date.UTC(2025, 0));
    for (const { candidate } of stood.slice(1)) await candidate.resign();
    expect((await client.candidates(name)).map(({ id }) => id)).toEqual([ids[0]]);
    await stood[0]?.candidate.resign();
    await Promise.all(campaigns);
    expect(await client.candidates(name)).toEqual([]);
  });

  it("opens a schedule again that an occurrence in the far future has silenced, whoever left it", async () => {
    await using here = world();
    const name = here.name("silenced");
    const { client } = here.member();
    for (const left of [{ holder: "crashed/1", token: 5, revision: 3 }, {}]) {
      await here.put({ name, tick: "9999", writeId: "w", durationMs: 1, transitions: 1, ...left });
      const run = () => client.run(name, async () => 1, { tick: EARLY });
      expect(await run()).toMatchObject({ kind: "followed", reason: "tick-passed" });
      const operator = here.member();
      const rewound = { kind: "rewound", from: "9999", to: undefined, holder: left.holder };
      expect(await operator.client.rewindTick(name)).toEqual(rewound);
      expect(operator.http()).toBe(2);
      expect(await here.row(name)).not.toHaveProperty("tick");
      if (left.holder !== undefined) await operator.client.forceRelease(name);
      expect((await run()).kind).toBe("led");
      await here.remove(name);
    }
  });

  it("sets the last tick back, never forward, and then occurrences after it are led again", async () => {
    await using here = world();
    const name = here.name("redo");
    const { client } = here.member();
    const run = (tick: string) => client.run(name, async () => 1, { tick });
    await run(LATE);
    await here.pass(20);
    expect(await client.rewindTick(name, LATE)).toEqual({ kind: "unchanged", tick: LATE });
    expect(await client.rewindTick(name, "2027-01-01T00:00Z")).toEqual({ kind: "unchanged", tick: LATE });
    const rewound = { kind: "rewound", from: LATE, to: EARLY, holder: undefined };
    expect(await client.rewindTick(name, new Date(EARLY))).toEqual(rewound);
    expect(await run(EARLY)).toMatchObject({ reason: "tick-done" });
    expect((await run(LATE)).kind).toBe("led");
    await here.pass(20);
    expect(await run(LATE)).toMatchObject({ reason: "tick-done" });
    expect(await client.rewindTick(here.name("none"), EARLY)).toEqual({ kind: "unchanged", tick: undefined });
    await leaseErrorOf(client.rewindTick(name, "yesterday"), "INVALID_ARGUMENT");
  });

  it("disturbs no holder by setting the tick back, which the release of its own occurrence outlives", async () => {
    await using here = world();
    const name = here.name("redo-held");
    const { client } = here.member();
    const options = { tick: LATE, tickPolicy: "at-most-once", renew: "manual" } as const;
    const result = await client.tryAcquire(name, options);
    if (result.kind !== "acquired") throw new Error("refused");
    const { lease } = result;
    const before = await here.row(name);
    const rewound = { kind: "rewound", from: LATE, to: EARLY, holder: lease.holder };
    expect(await here.member().client.rewindTick(name, EARLY)).toEqual(rewound);
    expect(await here.row(name)).toEqual({ ...before, tick: EARLY });
    await lease.renew();
    await lease.release();
    expect((await here.row(name))?.["tick"]).toBe(LATE);
  });
}
