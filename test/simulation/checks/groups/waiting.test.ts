import { describe, expect, it } from "vitest";
import { DEFAULT_TIMING } from "../../../../lib/core/timing.ts";
import type { Happening, History } from "../../history.ts";
import { type At, messages, row, session, told, written } from "./told.ts";
import { waiting } from "./waiting.ts";

/** A retry with the drift, a spread, and the requests' time. */
const ALLOWED_MS = 1_005 + 1_000 + 400;
const CLOSED_AT = 10_000;

const waits = (host: string, shard = "a"): Happening => ({
  kind: "waits",
  process: `${host}.1`,
  operation: host.length,
  lease: `g/${shard}`,
});
const waited = (host: string): Happening => ({ ...waits(host), kind: "waited" }) as Happening;
const claimed = (host: string, token: number): Happening =>
  written("claim", "lease#a", { token: token - 1 }, row(host, token));
const released = (kept: object = {}): Happening =>
  written("release", "lease#a", row("ann", 20), { token: 20, ...kept });

/** A host leads shard `a`, through a session that it has opened for that. */
const leads = (host: string, at: number, token = at): readonly At[] => [
  [at, session(host)],
  [at, claimed(host, token)],
];

/** Ann holds shard `a`, and bobby waits for it. */
const HELD: readonly At[] = [...leads("ann", 20), [5_000, waits("bobby")]];

const calmly = (...after: readonly At[]): History => told([...HELD, ...after], { calm: true });

const frees: readonly (readonly [string, Happening])[] = [
  ["is released", released()],
  ["has its session closed", session("ann", "release")],
];

describe.each(frees)("whoever waits for a shard that %s", (_, freed) => {
  const followedAfter = (ms: number): History =>
    calmly([CLOSED_AT, freed], ...leads("bobby", CLOSED_AT + ms), [99_000, waited("bobby")]);

  it("sees somebody lead it within a retry, a spread, and the time of the requests", () => {
    expect(waiting(followedAfter(ALLOWED_MS - 1))).toEqual([]);
    expect(waiting(followedAfter(ALLOWED_MS + 1))).toEqual([
      {
        by: "waiting",
        at: CLOSED_AT + ALLOWED_MS,
        message: "bobby.1 waits for g/a, which is free, and nobody leads it within 2405 ms",
      },
    ]);
  });

  it("does not wait for it until the end of the history", () => {
    const history = calmly([CLOSED_AT, freed]);
    expect(waiting({ ...history, endedAt: CLOSED_AT + ALLOWED_MS - 1 })).toEqual([]);
    expect(messages(waiting({ ...history, endedAt: CLOSED_AT + ALLOWED_MS + 1 }))).toHaveLength(1);
  });

  it.each<[string, Happening]>([
    ["gives up", waited("bobby")],
    ["dies", { kind: "crashed", process: "bobby.1" }],
  ])("is not missed where it %s in time, and is where that is later", (__, ends) => {
    const endedAfter = (ms: number): History =>
      calmly([CLOSED_AT, freed], [CLOSED_AT + ms, ends], [99_000, session("eve")]);
    expect(waiting(endedAfter(ALLOWED_MS - 1))).toEqual([]);
    expect(messages(waiting(endedAfter(ALLOWED_MS + 1)))).toHaveLength(1);
  });

  it("counts from when it began to wait, where that was later", () => {
    const late = (ms: number): History =>
      calmly(
        [CLOSED_AT, freed],
        [CLOSED_AT, waited("bobby")],
        [CLOSED_AT + 5_000, waits("eve")],
        ...leads("eve", CLOSED_AT + 5_000 + ms),
      );
    expect(waiting(late(ALLOWED_MS - 1))).toEqual([]);
    expect(messages(waiting(late(ALLOWED_MS + 1)))).toHaveLength(1);
  });

  it("is judged in calm worlds only", () => {
    expect(waiting({ ...followedAfter(60_000), calm: false })).toEqual([]);
  });
});

it("misses whoever leads a shard that nobody has led yet", () => {
  const first = (ms: number): History =>
    told([[5_000, waits("bobby")], ...leads("bobby", 5_000 + ms)], { calm: true });
  expect(waiting(first(ALLOWED_MS - 1))).toEqual([]);
  expect(messages(waiting(first(ALLOWED_MS + 1)))).toHaveLength(1);
});

describe("a shard is not free", () => {
  it("while the session behind its row lasts, whoever waits for however long", () => {
    expect(waiting(calmly([9_000, session("ann", "renew")], [99_000, waited("bobby")]))).toEqual([]);
  });

  it("where it is another one that somebody waits for and leads", () => {
    const history = calmly(
      [6_000, waited("bobby")],
      [7_000, waits("bobby", "b")],
      [7_100, session("bobby")],
      [7_100, written("claim", "lease#b", undefined, row("bobby", 30))],
      [CLOSED_AT, session("ann", "release")],
      [99_000, waited("bobby")],
    );
    expect(waiting(history)).toEqual([]);
  });

  it("for whoever is a retry too late for it because others were faster, again and again", () => {
    const history = calmly(
      [CLOSED_AT, session("ann", "release")],
      ...leads("eve", CLOSED_AT + 2_000, 30),
      [CLOSED_AT + 2_100, written("release", "lease#a", row("eve", 30), { token: 30 })],
      [CLOSED_AT + 4_000, claimed("eve", 40)],
      [99_000, waited("bobby")],
    );
    expect(waiting(history)).toEqual([]);
  });

  it("while it is kept: until the service's clock can prove that this is over", () => {
    const kept = { reservedFor: "ann/ann.1.1", durationMs: 3_000, expiresAt: CLOSED_AT + 3_000 };
    const { graceMs, serviceClockErrorMs } = DEFAULT_TIMING;
    const provable = Math.ceil((kept.expiresAt + graceMs) / 1_000) * 1_000 + serviceClockErrorMs;
    const followed = (at: number): History => calmly([CLOSED_AT, released(kept)], ...leads("bobby", at));
    expect(waiting(followed(provable + ALLOWED_MS - 1))).toEqual([]);
    expect(messages(waiting(followed(provable + ALLOWED_MS + 1)))).toHaveLength(1);
  });

  it("while it is kept without a time: until whoever has looked within a retry has watched it for so long", () => {
    const kept = { reservedFor: "ann/ann.1.1", durationMs: 3_000 };
    const followed = (at: number): History => calmly([CLOSED_AT, released(kept)], ...leads("bobby", at));
    const watched = CLOSED_AT + (3_000 + 1_005) / 0.995;
    expect(waiting(followed(watched + ALLOWED_MS - 1))).toEqual([]);
    expect(messages(waiting(followed(watched + ALLOWED_MS + 1)))).toHaveLength(1);
  });
});
