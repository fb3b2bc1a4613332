import { clearScreenDown, cursorTo } from "node:readline";
import type { LeaseState } from "../core/record.ts";
import { lineOf } from "./failure.ts";
import { agoOf, spanOf, tableOfLeases } from "./lease-view.ts";
import type { Output } from "./output.ts";
import type { Watching, WatchView } from "./watching.ts";

/** How often ages count on, in ms. */
const BEAT_MS = 1_000;
/** Lines besides the leases' own: the head, and two below. */
const FRAME_LINES = 4;

/**
 * Shows leases as a table that is drawn again in its place: at each change, at each second since ages count on, and when the
 * terminal's size changes. Nothing is asked for that.
 */
export async function liveTable(output: Output, watching: Watching): Promise<WatchView> {
  const { createLogUpdate } = await import("log-update");
  const redraw = createLogUpdate(process.stdout);
  const { names, time } = watching;
  const states = new Map<string, LeaseState>();
  /** For which leases there is no answer, the longest first. */
  const silent = new Map<string, { readonly since: number; readonly cause: unknown }>();
  let answeredAt: number | undefined;

  function footer(): string {
    const { columns = 80 } = output;
    const { colours } = output;
    const [longest] = silent.values();
    if (longest !== undefined) {
      const about = silent.size === names.length ? "" : `for ${silent.size} of ${names.length} `;
      const lasted = spanOf(performance.now() - longest.since);
      const line = `the table has not answered ${about}for ${lasted}, goes on asking: ${lineOf(longest.cause)}`;
      return colours.red(cut(line, columns));
    }
    const asked =
      answeredAt === undefined ? "waits for the first answer" : `looked ${agoOf(answeredAt, Date.now())}`;
    return colours.dim(cut(`${asked}, every ${spanOf(watching.intervalMs)}; Ctrl-C ends`, columns));
  }

  function draw(): void {
    const rows = process.stdout.rows || 24;
    const shown = names.slice(0, Math.max(1, rows - FRAME_LINES));
    const leases = shown.map((name) => states.get(name) ?? { name });
    const hidden = names.length - shown.length;
    const more = hidden === 0 ? "" : `and ${hidden} more, for which the terminal is too low`;
    redraw([tableOfLeases(output, leases, time.now()), more, footer()].join("\n"));
  }

  function resized(): void {
    // Where lines were broken anew nobody knows where the last picture begins.
    cursorTo(process.stdout, 0, 0);
    clearScreenDown(process.stdout);
    redraw.done();
    draw();
  }

  const beat = setInterval(draw, BEAT_MS);
  process.stdout.on("resize", resized);
  draw();
  return {
    show(state) {
      states.set(state.name, state);
      draw();
    },
    unanswered(name, cause) {
      silent.set(name, { since: silent.get(name)?.since ?? performance.now(), cause });
      draw();
    },
    answered(name) {
      silent.delete(name);
      answeredAt = Date.now();
    },
    close() {
      clearInterval(beat);
      process.stdout.off("resize", resized);
      redraw.done();
    },
  };
}

const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
