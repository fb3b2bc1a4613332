import type { CheckerName } from "../history.ts";
import type { Tamper } from "../world/tamper.ts";

/** The modules in which bugs are planted, by their place in lib. */
export interface Modules {
  readonly "client/candidate.ts": typeof import("../../../lib/client/candidate.ts");
  readonly "client/guarded-run.ts": typeof import("../../../lib/client/guarded-run.ts");
  readonly "client/lifetime.ts": typeof import("../../../lib/client/lifetime.ts");
  readonly "client/lease-handle.ts": typeof import("../../../lib/client/lease-handle.ts");
  readonly "client/listeners.ts": typeof import("../../../lib/client/listeners.ts");
  readonly "client/waiting.ts": typeof import("../../../lib/client/waiting.ts");
  readonly "client/worker-shards.ts": typeof import("../../../lib/client/worker-shards.ts");
  readonly "core/assignment.ts": typeof import("../../../lib/core/assignment.ts");
  readonly "core/group-options.ts": typeof import("../../../lib/core/group-options.ts");
  readonly "core/group-view.ts": typeof import("../../../lib/core/group-view.ts");
  readonly "core/shard-move.ts": typeof import("../../../lib/core/shard-move.ts");
  readonly "core/shard-writes.ts": typeof import("../../../lib/core/shard-writes.ts");
  readonly "core/worker-view.ts": typeof import("../../../lib/core/worker-view.ts");
  readonly "core/attempt.ts": typeof import("../../../lib/core/attempt.ts");
  readonly "core/candidate-options.ts": typeof import("../../../lib/core/candidate-options.ts");
  readonly "core/correction.ts": typeof import("../../../lib/core/correction.ts");
  readonly "core/evidence.ts": typeof import("../../../lib/core/evidence.ts");
  readonly "core/handover.ts": typeof import("../../../lib/core/handover.ts");
  readonly "core/names.ts": typeof import("../../../lib/core/names.ts");
  readonly "core/auxiliary-writes.ts": typeof import("../../../lib/core/auxiliary-writes.ts");
  readonly "core/next-move.ts": typeof import("../../../lib/core/next-move.ts");
  readonly "core/outcome.ts": typeof import("../../../lib/core/outcome.ts");
  readonly "core/service-clock.ts": typeof import("../../../lib/core/service-clock.ts");
  readonly "core/term-draft.ts": typeof import("../../../lib/core/term-draft.ts");
  readonly "core/term-leaving.ts": typeof import("../../../lib/core/term-leaving.ts");
  readonly "core/term-machine.ts": typeof import("../../../lib/core/term-machine.ts");
  readonly "core/term-renewal.ts": typeof import("../../../lib/core/term-renewal.ts");
  readonly "core/units.ts": typeof import("../../../lib/core/units.ts");
  readonly "core/validity.ts": typeof import("../../../lib/core/validity.ts");
  readonly "core/writes.ts": typeof import("../../../lib/core/writes.ts");
}

/** Functions of a module, each with a fault in it. */
export interface Replacement {
  readonly module: keyof Modules;
  readonly make: (original: object) => object;
}

/** Declares what takes the place of some of a module's functions, given the right ones. */
export function replacing<M extends keyof Modules>(
  module: M,
  make: (original: Modules[M]) => Partial<Modules[M]>,
): Replacement {
  return { module, make: (original) => make(original as Modules[M]) };
}

/** A small fault of the protocol that the simulation has to notice. */
export interface Plant {
  readonly name: string;
  /** What is wrong, and how that shows. */
  readonly about: string;
  /** The world that brings it out. */
  readonly scenario: string;
  /** Which checker complains, among others perhaps. */
  readonly caughtBy: CheckerName;
  /** How many histories it may take. */
  readonly budget: number;
  /** The first seed to play, where the first that shows it is known to be far from 1: a hunt is paid for in every test run. */
  readonly from?: number;
  readonly replace?: Replacement;
  readonly tamper?: Partial<Tamper>;
}
