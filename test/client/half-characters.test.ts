import { expect, it } from "vitest";
import { fenced } from "../../lib/fencing/fenced.ts";
import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { running, settling } from "../support/groups.ts";
import { manual } from "../support/manual.ts";

/** Half of an emoji: JavaScript has it, UTF-8 has not. */
const HALF = `job-${"🚀".slice(0, 1)}`;

type World = ReturnType<typeof manual>;

/** What takes a text that goes into the table, and the option that the error names. */
const CALLS: readonly (readonly [string, (world: World) => unknown])[] = [
  ["holder", ({ client }) => client({ holder: HALF })],
  ["name", ({ client }) => client().tryAcquire(HALF)],
  ["name", ({ client }) => client().get(HALF)],
  ["name", ({ client }) => client().forceRelease(HALF)],
  ["name", ({ client }) => client().candidate(HALF)],
  ["name", ({ client }) => client().group(HALF)],
  ["name", ({ client }) => client().semaphore(HALF, { permits: 1 })],
  ["name", ({ client }) => withLeadership(async () => 1, { leases: client(), name: HALF })],
  ["holder", ({ client }) => client().tryAcquire("a", { holder: HALF })],
  ["affinity", ({ client }) => client().tryAcquire("a", { affinity: HALF, affinityMs: 1_000 })],
  ["id", ({ client }) => client().candidate("a", { id: HALF })],
  ["id", ({ client }) => client().group("jobs", { id: HALF }).id],
  ["reserveFor", ({ client }) => client().requestStepDown("a", { reserveFor: HALF })],
  ["shard", ({ client }) => client().group("jobs").tryAcquire(HALF)],
  ["shard", ({ client }) => client().group("jobs").get(HALF)],
  [
    String.raw`shards\[1\]`,
    ({ client }) =>
      client()
        .group("jobs")
        .worker({ shards: ["a", HALF] }),
  ],
  ["resource", () => new FenceGuard({ tableName: "leases" }).admit(HALF, 1)],
  [String.raw`lease\.name`, () => fenced({ name: HALF, holder: "ann", token: 1, tableName: "leases" })],
];

it.each(CALLS)("half a character is refused as %s, and nothing is sent", async (option, call) => {
  const world = manual();
  const { message } = await leaseErrorOf((async () => call(world))(), "INVALID_ARGUMENT");
  expect(message).toMatch(
    new RegExp(`^${option} must be .* half a character .*: cut text between characters`),
  );
  expect(world.store.sent).toEqual([]);
});

it("half a character in a list that is asked for ends the run, or leaves the list as it was", async () => {
  const world = manual();
  const shards = ["a", HALF];
  const first = running(world, { shards: () => shards });
  await leaseErrorOf(settling(world, first.over), "INVALID_ARGUMENT");
  shards.pop();
  const worker = running(world, { shards: () => shards, shardsIntervalMs: 1_000 });
  await world.clock.advance(5_000);
  shards.push(HALF);
  await world.clock.advance(60_000);
  expect(worker.shards).toEqual(["a"]);
  await worker.stop();
  const claimed = world.store.sent.filter(({ beginsTerm, row }) => beginsTerm && row?.startsWith("lease#"));
  expect(claimed.map(({ row }) => row)).toEqual(["lease#a"]);
});

it("whole characters are taken, however they are written", async () => {
  const leases = manual().client();
  for (const name of ["🚀", "e\u0301", "\u{10ffff}", "\0", "\ufffd"]) {
    expect((await leases.tryAcquire(name)).kind).toBe("acquired");
  }
});
