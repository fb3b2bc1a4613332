import type { LeaseState } from "../core/record.ts";
import { lineOf } from "./failure.ts";
import { changeJson, changeOf, lineOfChange, type TroubleJson } from "./lease-changes.ts";
import { spanOf } from "./lease-view.ts";
import type { Output } from "./output.ts";
import { printable } from "./text.ts";
import type { Watching, WatchView } from "./watching.ts";

/** Shows leases as a line a change: for logs, and with `--json` for programs. */
export function linesOfChanges(output: Output, { time, intervalMs, renewals }: Watching): WatchView {
  const seen = new Map<string, LeaseState>();
  /** Since when there is no answer, by lease. */
  const silent = new Map<string, number>();
  const print = (line: string, json: object): void => {
    if (output.json) output.printJson(json);
    else output.print(`${new Date(time.now()).toISOString()} ${line}`);
  };
  const trouble = (name: string, change: TroubleJson["change"], cause: string | null, line: string): void => {
    const json: TroubleJson = { at: new Date(time.now()).toISOString(), name, change, cause };
    print(`${printable(name)} ${line}`, json);
  };
  return {
    show(state) {
      const change = changeOf(seen.get(state.name), state, intervalMs);
      seen.set(state.name, state);
      if (change === undefined || (change.kind === "renewed" && !renewals)) return;
      print(lineOfChange(change), changeJson(change, time.now()));
    },
    unanswered(name, cause) {
      if (silent.has(name)) return;
      silent.set(name, performance.now());
      const why = lineOf(cause);
      trouble(name, "unanswered", why, `not seen: the table does not answer, goes on asking: ${why}`);
    },
    answered(name) {
      const since = silent.get(name);
      if (since === undefined) return;
      silent.delete(name);
      const lasted = spanOf(performance.now() - since);
      trouble(name, "answered", null, `seen again: the table had not answered for ${lasted}`);
    },
    close() {},
  };
}
