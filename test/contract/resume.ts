import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { noted, until } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

const POD = { id: "pod-0", register: false } as const;
/** A process that is gone renews no more. */
const DIES = { ...POD, renew: "manual" } as const;

/** Ids that outlive a process. */
export function resumeClaims(world: MakeWorld): void {
  it("#4 goes on with its term after a restart under its stable id: same token, 2 requests", async () => {
    await using here = world();
    const name = here.name("restart");
    const before = await here.member().client.candidate(name, DIES).campaign();
    const member = here.member();
    const { candidate, told } = noted(member.client, name, POD);
    const after = await candidate.campaign();
    expect(member.http()).toBe(2);
    expect(after.token).toBe(before.token);
    expect(told).toEqual([`elected ${before.token}`, "leader pod-0"]);
    await here.pass(2_500);
    expect(after.isHeld(), "renewed beyond the term that it found").toBe(true);
    expect(await here.row(name)).toMatchObject({ holder: "pod-0", token: before.token, transitions: 1 });
    expect(await candidate.resign()).toEqual({ kind: "released" });
  });

  it("begins a new term after a restart that came too late", async () => {
    await using here = world();
    const name = here.name("late");
    const before = await here.member().client.candidate(name, DIES).campaign();
    await here.pass(4_200);
    const after = await here.member().client.candidate(name, POD).campaign();
    expect(after.token).toBeGreaterThan(before.token);
    expect((await here.row(name))?.["transitions"]).toBe(2);
  });

  it("takes its own ended term again at once, as a new one, when its release was lost", async () => {
    await using here = world();
    const name = here.name("own");
    const { client, store } = here.member();
    for (const options of [POD, { register: false }]) {
      const candidate = client.candidate(name, options);
      const first = await candidate.campaign();
      store.onWrite = async (write, pass) => (write.kind === "release" ? UNANSWERED : pass());
      expect(await candidate.resign()).toMatchObject({ kind: "unknown" });
      store.onWrite = undefined;
      const second = await here.within(1_000, candidate.campaign());
      expect(second.token).toBeGreaterThan(first.token);
      await candidate.resign();
      await here.pass(20);
    }
  });

  it("tells the first of two processes that use one stable id, by its next renewal", async () => {
    await using here = world();
    const name = here.name("two");
    const first = noted(here.member().client, name, POD);
    await first.candidate.campaign(); // A run would campaign again, against the second.
    const second = await here.member().client.candidate(name, POD).campaign();
    expect(second.token).toBe(first.leases[0]?.token);
    await until(here, 1_600, "the first is told", () => first.ends.length === 1);
    expect(first.ends).toEqual([{ reason: "superseded", by: "pod-0", token: second.token }]);
    await here.pass(800);
    expect(second.isHeld(), "and renews undisturbed").toBe(true);
  });

  it("lets nobody else go on with a term, by whatever name", async () => {
    await using here = world();
    const name = here.name("others");
    await here.member().client.candidate(name, DIES).campaign();
    for (const id of ["pod-1", "pod-00"]) {
      const other = here.member().client.candidate(name, { id, register: false });
      await leaseErrorOf(other.campaign({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    }
    expect(await here.member({ holder: "pod-0" }).client.tryAcquire(name)).toMatchObject({ kind: "refused" });
  });
}
