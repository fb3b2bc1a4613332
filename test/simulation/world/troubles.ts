import type { FaultKind } from "./faults.ts";
import type { SimProcess } from "./process.ts";
import { stepWall } from "./wall-steps.ts";
import type { World } from "./world.ts";

const MINUTE_MS = 60_000;
const WALL_STEP_MS: readonly [number, number] = [50, 300_000];

/** How long each kind of pause lasts, at least and at most, in ms. The longest outlast any term. */
const PAUSES = {
  "gc-pause": [5, 3_000],
  stop: [200, 90_000],
  freeze: [200, 90_000],
} as const satisfies Partial<Record<FaultKind, readonly [number, number]>>;

/** How long a freeze is that neither clock shows, in ms: about as long as a header can be wrong without a contradiction. */
const HIDDEN_MS: readonly [number, number] = [900, 2_200];

/** Enters something that befalls again and again, `rate` times a minute, while `goesOn` says so. */
export function recurring(
  world: World,
  kind: FaultKind,
  stream: string,
  goesOn: () => boolean,
  happen: () => void,
): void {
  const draws = world.chance.of(`${stream}/${kind}`);
  const again = (): void => {
    const rate = world.rate(kind);
    if (rate <= 0 || !goesOn()) return;
    world.agenda.in(draws.wait(MINUTE_MS / rate), () => {
      if (world.rate(kind) <= 0 || !goesOn()) return;
      happen();
      again();
    });
  };
  again();
}

/** Makes a process pause, makes its wall clock step, and at last lets it crash. */
export function trouble(world: World, process: SimProcess, freezes: boolean, onCrash: () => void): void {
  const alive = (): boolean => !process.crashed;
  for (const kind of ["gc-pause", "stop", "freeze"] as const) {
    if (kind === "freeze" && !freezes) continue;
    const draws = world.chance.of(`${process.name}/${kind}/length`);
    const [shortest, longest] = PAUSES[kind];
    recurring(world, kind, process.name, alive, () =>
      world.pause(process, kind, draws.spread(shortest, longest)),
    );
  }
  const cuts = world.chance.of(`${process.name}/partition/length`);
  recurring(world, "partition", process.name, alive, () => {
    world.faults.add("partition");
    process.cutOffUntil = world.agenda.now + cuts.spread(200, 60_000);
  });
  const draws = world.chance.of(`${process.name}/wall-step/length`);
  recurring(world, "wall-step", process.name, alive, () => {
    const byMs = Math.round(draws.spread(...(world.scenario.wallStepMs ?? WALL_STEP_MS)));
    const back = draws.happens(0.5);
    const returnsIn = draws.spread(50, 30_000);
    stepWall(world, process, back ? -byMs : byMs, freezes);
    if (!draws.happens(0.5)) return;
    world.agenda.in(returnsIn, () => stepWall(world, process, back ? byMs : -byMs, freezes));
  });
  const naps = world.chance.of(`${process.name}/hidden-freeze/length`);
  recurring(world, "hidden-freeze", process.name, alive, () => {
    // More than A3 allows to be hidden, at a time when nothing may rest on it.
    const forMs = naps.spread(...HIDDEN_MS);
    if (!freezes || !process.running || !world.isIdle(process)) return;
    world.pause(process, "freeze", forMs);
    stepWall(world, process, -Math.round(forMs), freezes);
    world.faults.add("hidden-freeze");
  });
  recurring(world, "crash", process.name, alive, () => {
    world.faults.add("crash");
    world.crash(process);
    onCrash();
  });
}

/** Operators who delete the row, vacate it, or put an old copy of it back; and TTL. */
export function hands(world: World, lease: string): void {
  const { table } = world.service;
  const always = (): boolean => true;
  const touch = (
    by: "operator-delete" | "operator-release" | "operator-restore",
    change: () => void,
  ): void => {
    recurring(world, by, "operator", always, () => {
      const before = table.get(lease);
      if (before === undefined) return;
      change();
      world.faults.add(by);
      world.record({ kind: "row", by, lease, before, after: table.get(lease) });
    });
  };
  touch("operator-delete", () => table.put(lease, undefined));
  touch("operator-release", () => {
    const { holder: _, expiresAt: __, value: ___, ...kept } = table.get(lease) ?? never();
    table.put(lease, { ...kept, revision: kept.revision + 1, writeId: `operator.${world.agenda.now}` });
  });
  const draws = world.chance.of("operator/copies");
  let copy = table.get(lease);
  const take = (): void => {
    copy = table.get(lease) ?? copy;
    if (world.rate("operator-restore") > 0) world.agenda.in(draws.wait(20_000), take);
  };
  take();
  touch("operator-restore", () => table.put(lease, copy));
}

/** Deletes a row some time after its `ttl`, as DynamoDB does: only if it still says so by then. */
export function timeToLive(world: World, lease: string): void {
  const delay = world.chance.of("ttl").pick(world.scenario.ttlDelayMs ?? [Number.POSITIVE_INFINITY]);
  if (delay === Number.POSITIVE_INFINITY) return;
  const { table } = world.service;
  const look = (): void => {
    if (world.rate("ttl-delete") <= 0) return;
    const row = table.get(lease);
    if (row?.ttl !== undefined && row.ttl * 1_000 + delay <= world.service.now) {
      table.put(lease, undefined);
      world.faults.add("ttl-delete");
      world.record({ kind: "row", by: "ttl", lease, before: row, after: undefined });
    }
    world.agenda.in(5 * MINUTE_MS, look);
  };
  look();
}

function never(): never {
  throw new Error("the row was there a moment ago");
}
