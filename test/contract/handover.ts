import { expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { Gate } from "../support/probe-store.ts";
import { noted, until, untilStopped } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

/** Giving the lead to somebody else. */
export function handoverClaims(world: MakeWorld): void {
  it("hands over to a stronger candidate, which leads within a look of the release, by three writes", async () => {
    await using here = world();
    const name = here.name("stronger");
    using heard = hear(name);
    const [first, second] = [here.member(), here.member()];
    const weak = noted(first.client, name, { minTermMs: 0, register: false });
    const strong = noted(second.client, name, { priority: 1, register: false });
    const running = weak.candidate.run(async (lease) => void (await lease.handover));
    await until(here, 3_000, "the weaker leads", () => weak.leases.length === 1);
    const lease = await here.within(5_000, strong.candidate.campaign());
    expect(weak.ends).toEqual([{ reason: "stepped-down" }]);
    expect(heard.of("handover")).toMatchObject([{ to: strong.candidate.id, holder: weak.candidate.id }]);
    const kinds = (member: typeof first) => member.store.sent.map(({ kind }) => kind);
    expect(kinds(second), "refused, asked, won").toEqual(["claim", "request", "claim"]);
    expect(kinds(first).filter((kind) => kind === "release")).toHaveLength(1);
    expect(await here.row(name)).toMatchObject({ holder: strong.candidate.id, priority: 1 });
    await here.pass(1_300);
    expect(lease.isHeld(), "and keeps it from the weaker").toBe(true);
    await weak.candidate.resign();
    await running;
  });

  it("does not ask its equals, and disturbs no renewal of those that it asks", async () => {
    await using here = world();
    const name = here.name("equals");
    using heard = hear(name);
    const leader = noted(here.member().client, name, { priority: 3, minTermMs: 86_400_000, register: false });
    const lease = await leader.candidate.campaign();
    const [equal, strong] = [here.member(), here.member()];
    const others = [
      equal.client.candidate(name, { priority: 3, register: false }),
      strong.client.candidate(name, { priority: 4, register: false }),
    ];
    const campaigns = others.map((candidate) => candidate.campaign().catch(() => undefined));
    await here.pass(2_000);
    expect(equal.store.sent.map(({ kind }) => kind)).toEqual(["claim"]);
    expect(
      strong.store.sent.map(({ kind }) => kind),
      "once, and no more",
    ).toEqual(["claim", "request"]);
    expect(lease.isHeld(), "not settled yet").toBe(true);
    expect(heard.of("renewed").length).toBeGreaterThanOrEqual(2);
    expect(heard.of("renewalFailed")).toEqual([]);
    for (const candidate of others) await candidate.resign();
    await Promise.all(campaigns);
  });

  it("is followed by others within the reservation and the grace when its successor never comes", async () => {
    await using here = world();
    const name = here.name("no-show");
    const { client } = here.member();
    const lease = await client.acquire(name);
    await lease.stepDown({ reserveFor: "nobody/1", reserveForMs: 500, drainMs: 0 });
    expect(await here.row(name)).toMatchObject({ reservedFor: "nobody/1", durationMs: 500 });
    const other = here.member().client;
    expect(await other.tryAcquire(name)).toMatchObject({ kind: "refused", reason: "reserved" });
    const next = await here.within(500 + 1_100 + 1_000 + 200 + 700, other.acquire(name));
    expect(next.token).toBeGreaterThan(lease.token);
    expect(await here.row(name)).not.toHaveProperty("reservedFor");
  });

  it("is transferred to the candidate that it names, though a stronger one waits", async () => {
    await using here = world();
    const name = here.name("transfer");
    const leader = noted(here.member().client, name, { minTermMs: 86_400_000 });
    await leader.candidate.campaign();
    const strong = noted(here.member().client, name, { priority: 9 });
    const named = noted(here.member().client, name, { minTermMs: 86_400_000 });
    const campaigns = [strong, named].map(({ candidate }) => candidate.campaign().catch(() => undefined));
    await here.pass(300);
    const { id } = named.candidate;
    expect(await leader.candidate.transferTo(id, { drainMs: 0 })).toEqual({ kind: "released" });
    await until(here, 2_000, "the named leads", () => named.candidate.lease !== undefined);
    expect(strong.leases).toEqual([]);
    await leaseErrorOf(named.candidate.transferTo("nobody"), "INVALID_ARGUMENT");
    for (const { candidate } of [strong, named]) await candidate.resign();
    await Promise.all(campaigns);
  });

  it("lets its work drain: told first, stopped after drainMs, released once it has settled", async () => {
    await using here = world();
    const name = here.name("drain");
    const { client } = here.member();
    const gate = new Gate();
    let lease: Lease | undefined;
    const { candidate, ends } = noted(client, name, { drainMs: 600 });
    const running = candidate.run(async (held) => {
      lease = held;
      await gate.pass();
    });
    await gate.reached;
    expect(await client.requestStepDown(name, { reserveFor: "bob" })).toMatchObject({ kind: "requested" });
    expect(await here.within(2_000, lease?.handover ?? Promise.reject())).toEqual({
      to: "bob",
      drainMs: 600,
    });
    expect(lease?.signal.aborted).toBe(false);
    await until(here, 2_000, "stopped", () => lease?.signal.aborted === true);
    expect(lease?.signal.reason).toMatchObject({ code: "HANDED_OVER" });
    await here.pass(700);
    expect(lease?.isHeld(), "the work ignores it").toBe(true);
    expect((await here.row(name))?.["holder"]).toBe(candidate.id);
    gate.open();
    await until(here, 2_000, "released", () => ends.length === 1);
    expect(ends).toEqual([{ reason: "stepped-down" }]);
    await candidate.resign();
    await running;
    expect(await here.row(name)).toMatchObject({ reservedFor: "bob" });
  });

  it("leaves the successor's term alone whatever of the hand-over arrives a second time", async () => {
    await using here = world();
    const name = here.name("duplicates");
    const first = here.member();
    const second = here.member();
    const again: (() => Promise<unknown>)[] = [];
    for (const { store } of [first, second]) {
      store.onWrite = async (write, pass) => {
        if (write.kind !== "renew") again.push(pass);
        return pass();
      };
    }
    const weak = noted(first.client, name, { minTermMs: 0, drainMs: 0, register: false });
    const strong = noted(second.client, name, { priority: 1, register: false });
    const running = weak.candidate.run(untilStopped);
    await until(here, 3_000, "the weaker leads", () => weak.leases.length === 1);
    const lease = await here.within(5_000, strong.candidate.campaign());
    void weak.candidate.resign();
    for (const land of again.splice(0)) await land();
    expect(await here.row(name)).toMatchObject({ holder: strong.candidate.id, token: lease.token });
    expect(await here.row(name)).not.toHaveProperty("requestedBy");
    await lease.renew();
    expect(lease.isHeld()).toBe(true);
    await running;
  });
}
