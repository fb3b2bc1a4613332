import { setTimeout as sleep } from "node:timers/promises";
import type { GroupStatus } from "../core/group-view.ts";
import { isPassing } from "../core/errors.ts";
import type { Session } from "./session.ts";
import { linesOfGroup } from "./watch-lines.ts";
import { liveGroup } from "./watch-table.ts";
import type { Watching } from "./watching.ts";

/** Follows a group until it is told to stop: it reads all of it, once every interval. Goes on while the table does not answer. */
export async function followGroup(session: Session, watching: Watching): Promise<void> {
  const [name = ""] = watching.names;
  const { intervalMs, time, wanted: shards } = watching;
  const group = (await session.leases()).group(name);
  const make = session.output.redraws ? liveGroup : linesOfGroup;
  const view = await make(session.output, watching);
  const { interrupted } = session;
  let contacted = false;
  const forget = time.onAnswer(() => {
    contacted = true;
    view.answered(name);
  });
  try {
    while (!interrupted.aborted) {
      const from = performance.now();
      try {
        // What is still asked for then ends with the session's client.
        const status = await unless(interrupted, group.status({ shards }));
        if (status !== undefined) view.show(status);
      } catch (error) {
        if (!isPassing(error, contacted)) throw error;
        view.unanswered(name, error);
      }
      const restMs = Math.max(1, intervalMs - (performance.now() - from));
      await sleep(restMs, undefined, { signal: interrupted }).catch(() => undefined);
    }
  } finally {
    forget();
    view.close();
  }
}

/** Resolves with what is waited for, or with nothing once the signal is aborted. */
async function unless(signal: AbortSignal, waited: Promise<GroupStatus>): Promise<GroupStatus | undefined> {
  let stop = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([waited, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
