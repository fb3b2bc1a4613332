import { clearScreenDown, cursorTo } from "node:readline";
import { lineOf } from "./failure.ts";
import { agoOf, spanOf } from "./lease-view.ts";
import type { Output } from "./output.ts";
import type { TroubleView, Watching } from "./watching.ts";

/** How often ages count on, in ms. */
const BEAT_MS = 1_000;

/** A picture on the terminal that is drawn again in its place. */
export interface LivePicture extends TroubleView {
  draw(): void;
  close(): void;
}

/**
 * Draws a picture again and again in its place: when it is told to, at each second since ages count on, and when the terminal's size
 * changes. Nothing is asked for that. Below it a line says when somebody looked last, or that there is no answer.
 * @param picture draws it, in no more than so many lines
 */
export async function livePicture(
  output: Output,
  { names, intervalMs }: Watching,
  picture: (rows: number) => string,
): Promise<LivePicture> {
  const { createLogUpdate } = await import("log-update");
  const redraw = createLogUpdate(process.stdout);
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
    return colours.dim(cut(`${asked}, every ${spanOf(intervalMs)}; Ctrl-C ends`, columns));
  }

  function draw(): void {
    // The last line is the footer's, and one more is kept for the cursor.
    const rows = Math.max(1, (process.stdout.rows || 24) - 2);
    redraw([picture(rows), footer()].join("\n"));
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
    draw,
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

/** Cuts a line without colours to so many characters. */
export const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
