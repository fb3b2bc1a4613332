import { monotonicMs } from "../../../local/harness/link.ts";
import { Chance } from "../../simulation/world/chance.ts";
import { forgetSharedMemory } from "../runner/clocks.ts";
import type { ProcessConfig, Report } from "./messages.ts";

/** What every tortured process has to work with. */
export interface Hosted<C extends ProcessConfig> {
  readonly config: C;
  readonly chance: Chance;
  readonly report: (report: Report) => void;
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal;
}

/** A process under its runner. */
export interface Hosting<C extends ProcessConfig, O> extends Hosted<C> {
  /** Does something until the process ends, which waits for it. What it throws is a surprise. */
  readonly start: (work: Promise<void>) => void;
  /** Takes orders from now on, and tells the runner so. */
  readonly takeOrders: (obey: (order: O) => void) => void;
}

/** Makes this process one that a runner tortures: it hears orders, tells of its wall clock, and does not outlive its runner. */
export function host<C extends ProcessConfig, O extends object>(): Hosting<C, O> {
  forgetSharedMemory(process.pid);
  const config = JSON.parse(process.argv[2] ?? "{}") as C;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const report = (what: Report): void => {
    if (process.connected) process.send?.(what);
  };
  const stop = async (): Promise<void> => {
    stopping.abort(new Error("told to stop"));
    await Promise.allSettled(underWay);
    process.disconnect();
  };
  // Without the runner there is nothing to do and nobody to tell.
  process.on("disconnect", () => process.exit(0));
  watchClock(report);
  return {
    config,
    chance: new Chance(config.seed),
    report,
    stopping: stopping.signal,
    start(work) {
      underWay.add(work);
      work
        .catch((error: unknown) =>
          report({ kind: "surprise", what: String((error as Error)?.stack ?? error) }),
        )
        .finally(() => underWay.delete(work));
    },
    takeOrders(obey) {
      process.on("message", (order: O | { readonly kind: "stop" }) => {
        if ("kind" in order && order.kind === "stop") void stop();
        else if (!stopping.signal.aborted) obey(order as O);
      });
      report({ kind: "ready" });
    },
  };
}

/** Tells of the wall clock whenever it no longer stands to the monotonic clock as it did. */
function watchClock(report: (report: Report) => void): void {
  let told = Number.NaN;
  const look = (): void => {
    const wallMinusMonoMs = Date.now() - monotonicMs();
    if (Math.abs(wallMinusMonoMs - told) < 100) return;
    told = wallMinusMonoMs;
    report({ kind: "clock", wallMinusMonoMs });
  };
  look();
  setInterval(look, 500).unref();
}
