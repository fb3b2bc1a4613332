import type { GroupStatus } from "../core/group-view.ts";
import type { LeaseState } from "../core/record.ts";
import { lineOf } from "./failure.ts";
import { groupNote } from "./group-hint.ts";
import { changesOfGroup, groupChangeJson, lineOfGroupChange } from "./group-changes.ts";
import { changeJson, changeOf, lineOfChange, type TroubleJson } from "./lease-changes.ts";
import { spanOf } from "./lease-view.ts";
import type { Output } from "./output.ts";
import { printable } from "./text.ts";
import type { LeasesView, TroubleView, Watching, WatchView } from "./watching.ts";

/** Shows leases as a line a change: for logs, and with `--json` for programs. */
export function linesOfChanges(output: Output, watching: Watching): LeasesView {
  const { time, intervalMs, renewals } = watching;
  const lines = new Lines(output, watching);
  const seen = new Map<string, LeaseState>();
  return {
    ...lines.troubles,
    show(state) {
      const change = changeOf(seen.get(state.name), state, intervalMs);
      seen.set(state.name, state);
      if (change === undefined || (change.kind === "renewed" && !renewals)) return;
      lines.print(lineOfChange(change), changeJson(change, time.now()));
    },
    groupInstead: (name) => output.say(groupNote(name, "watch")),
    close() {},
  };
}

/** Shows a group as a line a change. */
export function linesOfGroup(output: Output, watching: Watching): WatchView<GroupStatus> {
  const { time, intervalMs, wanted } = watching;
  const lines = new Lines(output, watching);
  let seen: GroupStatus | undefined;
  return {
    ...lines.troubles,
    show(status) {
      const changes = changesOfGroup(seen, status, intervalMs);
      seen = status;
      for (const change of changes)
        lines.print(
          lineOfGroupChange(output, change, status, wanted !== undefined),
          groupChangeJson(change, status, time.now()),
        );
    },
    close() {},
  };
}

/** Writes lines with the time, and tells of looks that are not answered. */
class Lines {
  readonly #output: Output;
  readonly #watching: Watching;
  /** Since when there is no answer, by lease. */
  readonly #silent = new Map<string, number>();

  constructor(output: Output, watching: Watching) {
    this.#output = output;
    this.#watching = watching;
  }

  print(line: string, json: object): void {
    const { time } = this.#watching;
    if (this.#output.json) this.#output.printJson(json);
    else this.#output.print(`${new Date(time.now()).toISOString()} ${line}`);
  }

  readonly troubles: TroubleView = {
    unanswered: (name, cause) => {
      if (this.#silent.has(name)) return;
      this.#silent.set(name, performance.now());
      const why = lineOf(cause);
      this.#trouble(name, "unanswered", why, `not seen: the table does not answer, goes on asking: ${why}`);
    },
    answered: (name) => {
      const since = this.#silent.get(name);
      if (since === undefined) return;
      this.#silent.delete(name);
      const lasted = spanOf(performance.now() - since);
      this.#trouble(name, "answered", null, `seen again: the table had not answered for ${lasted}`);
    },
  };

  #trouble(name: string, change: TroubleJson["change"], cause: string | null, line: string): void {
    const at = new Date(this.#watching.time.now()).toISOString();
    this.print(`${printable(name)} ${line}`, { at, name, change, cause } satisfies TroubleJson);
  }
}
