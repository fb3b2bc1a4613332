import type { GroupStatus } from "../core/group-view.ts";
import type { LeaseState } from "../core/record.ts";
import { groupNote } from "./group-hint.ts";
import { pictureOf } from "./group-view.ts";
import { tableOfLeases } from "./lease-view.ts";
import { cut, livePicture } from "./live-picture.ts";
import type { Output } from "./output.ts";
import { howMany, printable } from "./text.ts";
import type { LeasesView, Watching, WatchView } from "./watching.ts";

/** Lines besides the leases' own: the head, and one below. */
const FRAME_LINES = 2;

/** Shows leases as a table that is drawn again in its place. */
export async function liveTable(output: Output, watching: Watching): Promise<LeasesView> {
  const { names, time } = watching;
  const states = new Map<string, LeaseState>();
  const notes: string[] = [];
  const live = await livePicture(output, watching, (rows) => {
    // Of many the first will do, as the command is the same.
    const noted = notes.slice(0, 1).map((note) => cut(note, output.columns ?? 80));
    const shown = names.slice(0, Math.max(1, rows - FRAME_LINES - noted.length));
    const leases = shown.map((name) => states.get(name) ?? { name });
    const hidden = names.length - shown.length;
    const more = hidden === 0 ? "" : `and ${hidden} more, for which the terminal is too low`;
    return [tableOfLeases(output, leases, time.now()), more, ...noted].join("\n");
  });
  return {
    ...live,
    show(state) {
      states.set(state.name, state);
      live.draw();
    },
    groupInstead(name) {
      notes.push(groupNote(name, "watch"));
      live.draw();
    },
  };
}

/** Shows a group, its workers and what nobody leads, as a picture that is drawn again in its place. */
export async function liveGroup(output: Output, watching: Watching): Promise<WatchView<GroupStatus>> {
  const [name = ""] = watching.names;
  const isAll = watching.wanted !== undefined;
  let seen: GroupStatus | undefined;
  const live = await livePicture(output, watching, (rows) => {
    if (seen === undefined) return output.pairs([["group", printable(name)]]);
    const lines = [...pictureOf(output, seen, watching.time.now(), { fits: true, isAll }).split("\n"), ""];
    if (lines.length <= rows) return lines.join("\n");
    const shown = Math.max(1, rows - 1);
    const more = `and ${howMany(lines.length - shown, "line")} more, for which the terminal is too low`;
    return [...lines.slice(0, shown), cut(more, output.columns ?? 80)].join("\n");
  });
  return {
    ...live,
    show(status) {
      seen = status;
      live.draw();
    },
  };
}
