import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { noted, until, untilStopped } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

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
}
