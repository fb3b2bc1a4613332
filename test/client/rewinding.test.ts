import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const EARLY = "2026-01-01T01:00:00.000Z";
const LATE = "2026-01-01T02:00:00.000Z";

async function done() {
  const world = manual();
  await world.client().run("jobs", async () => 1, { tick: LATE });
  return { ...world, operator: world.client({ holder: "op" }) };
}

describe("an occurrence set back", () => {
  it("is set back once where the answer is lost, and the operator hears of it", async () => {
    for (const applied of [true, false]) {
      const { store, operator, table } = await done();
      let writes = 0;
      store.onWrite = async (_, pass) => {
        writes += 1;
        if (writes > 1) return pass();
        if (applied) await pass();
        return UNANSWERED;
      };
      const rewound = { kind: "rewound", from: LATE, to: EARLY, holder: undefined };
      expect(await operator.rewindTick("jobs", EARLY)).toEqual(rewound);
      expect(table.peek("jobs")?.tick).toBe(EARLY);
    }
  });

  it("says that nobody can say where no answer comes, and where the lease changes hands meanwhile", async () => {
    const { store, operator, client } = await done();
    store.onWrite = async () => UNANSWERED;
    const unanswered = await leaseErrorOf(operator.rewindTick("jobs", EARLY), "STORE_UNAVAILABLE");
    expect(unanswered.message).toMatch(/set back; look, and try again: the response was lost$/);
    store.onWrite = async (write, pass) => {
      store.onWrite = undefined;
      await client().run("jobs", async () => 1, { tick: "2026-01-01T03:00:00Z" });
      return write.kind === "rewind" ? pass() : UNANSWERED;
    };
    const error = await leaseErrorOf(operator.rewindTick("jobs", EARLY), "STORE_UNAVAILABLE");
    expect(error).toMatchObject({
      lease: "jobs",
      message: expect.stringMatching(/the lease changes hands; look, and try again$/),
    });
    expect((await operator.get("jobs")).tick, "what was done since stands").toBe("2026-01-01T03:00:00.000Z");
  });

  it("follows a holder that renews in between, and a late copy of it changes nothing", async () => {
    const { store, operator, client, clock, table } = await done();
    await clock.advance(10);
    const lease = await client().acquire("jobs", { renew: "manual" });
    let sent = 0;
    store.onWrite = async (write, pass) => {
      if (write.kind !== "rewind") return pass();
      sent += 1;
      if (sent === 1) {
        await lease.renew();
        return pass();
      }
      const outcome = await pass();
      await client({ holder: "other" }).get("jobs");
      await lease.release({ completed: false });
      await clock.advance(10);
      await client().run("jobs", async () => 1, { tick: LATE });
      await table.write(write);
      return outcome;
    };
    expect(await operator.rewindTick("jobs", EARLY)).toMatchObject({ kind: "rewound", holder: lease.holder });
    expect(sent).toBe(2);
    expect(table.peek("jobs")?.tick, "the late copy").toBe(LATE);
  });

  it("is seen by who observes", async () => {
    const { operator, clock } = await done();
    const states = operator.observe("jobs");
    expect((await states.next()).value).toMatchObject({ tick: LATE });
    await operator.rewindTick("jobs");
    const next = states.next();
    await clock.advance(2_000);
    expect((await next).value).toMatchObject({ kind: "vacant", tick: undefined });
    await states.return();
  });
});
