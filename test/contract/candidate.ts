import { expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { loaded } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import { noted, until, untilStopped } from "../support/candidates.ts";
import { RECOVERY_MS } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** Long-lived candidates, etcd's way and Kubernetes'. */
export function candidateClaims(world: MakeWorld): void {
  it("#28 #29 campaigns again after every loss, and tells of each term from its beginning to its end", async () => {
    await using here = world();
    const name = here.name("again");
    const operator = here.member().client;
    const { candidate, told, leases } = noted(here.member().client, name);
    const running = candidate.run(untilStopped);
    for (const term of [1, 2, 3]) {
      await until(here, 5_000, `term ${term}`, () => leases.length === term && candidate.lease !== undefined);
      if (term < 3) expect(await operator.forceRelease(name)).toMatchObject({ holder: candidate.id });
      if (term < 3) await until(here, 3_000, "told of the loss", () => leases[term - 1]?.isHeld() === false);
    }
    const resigning = candidate.resign();
    expect(await here.within(2_000, resigning)).toEqual({ kind: "released" });
    await running;
    const tokens = leases.map(({ token }) => token);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    const leader = `leader ${candidate.id}`;
    expect(told).toEqual(
      [
        [`elected ${tokens[0]}`, leader, "lost revoked"],
        [`elected ${tokens[1]}`, leader, "lost revoked"],
        [`elected ${tokens[2]}`, leader, "lost stepped-down"],
      ].flat(),
    );
  });

  it("#28 leads again after a pause that outlasted its term, as soon as nobody else does", async () => {
    await using here = world();
    const name = here.name("paused");
    const { client, clock } = here.member();
    const ann = noted(client, name);
    const bob = noted(here.member().client, name);
    const running = ann.candidate.run(untilStopped);
    await until(here, 3_000, "ann leads", () => ann.leases.length === 1);
    const waiting = bob.candidate.campaign();
    await here.pass(300);
    clock.stall(2_000); // Its next look at the clock shows that the term is over.
    await until(here, RECOVERY_MS, "a second term", () => ann.leases.length + bob.leases.length === 2);
    expect(ann.ends).toMatchObject([{ reason: "expired" }]);
    if (bob.leases.length === 1) await bob.candidate.resign();
    await until(here, 5_000, "ann again", () => ann.leases.length === 2);
    await ann.candidate.resign();
    await running;
    await bob.candidate.resign();
    await waiting.catch(() => undefined);
  });

  it("#30 is elected once a store is up that was down at the start", async () => {
    await using here = world();
    const name = here.name("up");
    const { client, store } = here.member();
    store.onWrite = async () => UNANSWERED;
    store.onRead = async () => Promise.reject(new LeaseError("STORE_UNAVAILABLE", "down"));
    const { candidate, told } = noted(client, name);
    const running = candidate.run(untilStopped);
    await here.pass(900);
    expect(told).toEqual([]);
    expect(candidate.healthy(), "a restart would not help").toBe(true);
    store.onWrite = undefined;
    store.onRead = undefined;
    await until(here, 3_000, "elected", () => candidate.lease !== undefined);
    await candidate.resign();
    await running;
  });

  it("#33 lets every candidate lead whose leaders return at once, each many times, and never two", async () => {
    await using here = world();
    const name = here.name("rotation");
    const turns = [0, 0, 0, 0];
    let leading = 0;
    let most = 0;
    const candidates = turns.map(() =>
      here.member({ retryIntervalMs: 60 }).client.candidate(name, { register: false }),
    );
    const runs = candidates.map((candidate, at) =>
      candidate.run(async () => {
        leading += 1;
        most = Math.max(most, leading);
        await here.pass(0);
        turns[at] = (turns[at] ?? 0) + 1;
        leading -= 1;
      }),
    );
    await until(here, 15_000, "each led three times", () => Math.min(...turns) >= 3);
    await here.within(5_000, Promise.all(candidates.map((candidate) => candidate.resign())));
    await Promise.all(runs);
    expect(most).toBe(1);
    const row = await here.row(name);
    expect(row).not.toHaveProperty("holder");
    expect(Number(row?.["transitions"])).toBeGreaterThanOrEqual(turns.reduce((sum, count) => sum + count, 0));
    expect(Math.max(...turns), "nobody leads for all the others").toBeLessThan(Math.min(...turns) * 6);
  });

  it("#14 leaves no claim, no timer and no place in the list of a campaign that was aborted", async () => {
    await using here = world();
    const name = here.name("aborted");
    const leader = await here.member().client.acquire(name);
    const { client, clock, store } = here.member();
    const ender = new AbortController();
    const { candidate } = noted(client, name);
    const campaigning = leaseErrorOf(candidate.campaign({ signal: ender.signal }), "ABORTED");
    await here.pass(300);
    expect(await client.candidates(name)).toMatchObject([{ id: candidate.id }]);
    ender.abort();
    await here.within(2_000, campaigning);
    expect((await here.row(name))?.["holder"]).toBe(leader.holder);
    expect(await client.candidates(name)).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    const { requests } = store;
    await here.pass(500);
    expect(store.requests).toBe(requests);
  });

  it("#14 gives back what a claim took that was under way when it resigned, before it has resigned", async () => {
    await using here = world();
    const name = here.name("mid-claim");
    const { client, clock, store } = here.member();
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "claim") await gate.pass();
      return pass();
    };
    const { candidate, told } = noted(client, name);
    const campaigning = leaseErrorOf(candidate.campaign(), "ABORTED");
    await gate.reached;
    const resigning = candidate.resign();
    gate.open();
    await here.within(3_000, resigning);
    const row = await here.row(name);
    expect(row?.["token"], "the claim had landed").toBeGreaterThan(0);
    expect(row).not.toHaveProperty("holder");
    expect(told).toEqual([]);
    await campaigning;
    expect(clock.pendingTimers).toBe(0);
  });

  it("#27 lets the work of a run settle before it releases, whoever ends the run", async () => {
    await using here = world();
    for (const by of ["signal", "resign"] as const) {
      const name = here.name(by);
      const { client, clock } = here.member();
      const gate = new Gate();
      const ender = new AbortController();
      const { candidate } = noted(client, name);
      const running = candidate.run(() => gate.pass(), { signal: ender.signal });
      await gate.reached;
      if (by === "signal") ender.abort();
      const resigning = by === "resign" ? candidate.resign() : undefined;
      await here.pass(2_300);
      expect((await here.row(name))?.["holder"], "held and renewed meanwhile").toBe(candidate.id);
      gate.open();
      await here.within(2_000, running);
      await resigning;
      expect(await here.row(name)).not.toHaveProperty("holder");
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it("#26 is told of the end of its term when its client is closed, which releases it", async () => {
    await using here = world();
    const names = [here.name("close"), here.name("close")];
    const { client, clock } = here.member();
    const both = names.map((name) => noted(client, name, { register: false }));
    await Promise.all(both.map(({ candidate }) => candidate.campaign()));
    expect(await client.close()).toEqual([{ kind: "released" }, { kind: "released" }]);
    for (const { ends } of both) expect(ends).toEqual([{ reason: "released" }]);
    for (const name of names) expect(await here.row(name)).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });

  it("#32 shows what its leader proclaims, by one read, to itself and to all", async () => {
    await using here = world();
    const name = here.name("proclaim");
    const ann = here.member().client.candidate(name);
    const bob = here.member().client.candidate(name);
    await ann.campaign();
    await ann.proclaim({ port: 8443 });
    for (const candidate of [ann, bob]) {
      expect(await candidate.leader()).toMatchObject({ kind: "held", holder: ann.id, value: { port: 8443 } });
    }
    await leaseErrorOf(bob.proclaim("mine"), "LEASE_LOST");
    await ann.resign();
    expect(await bob.leader()).toMatchObject({ kind: "vacant", value: undefined });
  });

  it("leads within 50 ms of being notified of a release, however rarely it looks", async () => {
    await using here = world();
    const name = here.name("notified");
    const members = [here.member({ retryIntervalMs: 60_000 }), here.member({ retryIntervalMs: 60_000 })];
    const [one, two] = members.map(({ client }) => client.candidate(name, { register: false }));
    const clock = members[0]?.clock;
    if (!one || !two || !clock) throw new Error("unreachable");
    let [leads, waits] = [one, two];
    await leads.campaign();
    const took: number[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      const campaigning = waits.campaign();
      await here.pass(20);
      await leads.resign();
      const begun = clock.now().mono;
      waits.notify();
      await here.within(3_000, campaigning);
      took.push(clock.now().mono - begun);
      [leads, waits] = [waits, leads];
    }
    await leads.resign();
    // The machine is shared: its best turns tell what the candidate needs.
    expect(Math.min(...took)).toBeLessThan(50);
  });

  it("#4 sends no read before its interval or the term is over, and at most one per interval", async () => {
    await using here = world();
    const name = here.name("standby");
    const leader = await here.member().client.acquire(name, { durationMs: 6_000 });
    const pushed = here.member({
      retryIntervalMs: 60_000,
      random: { ...loaded(0.9), id: () => crypto.randomUUID() },
    });
    const polls = here.member();
    const both = [
      pushed.client.candidate(name, { register: false }),
      polls.client.candidate(name, { register: false }),
    ];
    const campaigns = both.map((candidate) => candidate.campaign().catch(() => undefined));
    await here.pass(1_500);
    expect(pushed.http(), "the refused claim alone").toBe(1);
    expect(polls.store.sent).toHaveLength(1);
    expect(polls.store.reads).toBeGreaterThanOrEqual(2);
    expect(polls.store.reads).toBeLessThanOrEqual(8);
    for (const candidate of both) await candidate.resign();
    await Promise.all(campaigns);
    expect(leader.isHeld()).toBe(true);
  });
}
