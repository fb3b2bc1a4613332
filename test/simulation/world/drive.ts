import type { History } from "../history.ts";
import type { Play } from "./history-of.ts";

/**
 * Plays histories to their ends, many at a time, and hands each over as it ends.
 *
 * Between two steps of one history every promise that is ready must have proceeded, however long the chain.
 * Counting `await`s cannot promise that; a turn of the event loop can: Node runs a `setImmediate` callback
 * only once the queue of microtasks is empty. A turn costs more than most steps, so one turn serves a step of
 * each of `abreast` histories. They share nothing but the event loop, so none notices the others.
 */
export async function playAll(
  next: () => Play | undefined,
  onEnd: (history: History) => void,
  abreast = 6,
): Promise<void> {
  const under: Play[] = [];
  const fill = (): void => {
    while (under.length < abreast) {
      const play = next();
      if (play === undefined) return;
      under.push(play);
    }
  };
  for (fill(); under.length > 0; fill()) {
    for (let index = under.length - 1; index >= 0; index -= 1) {
      const play = under[index] as Play;
      if (play.step()) continue;
      under.splice(index, 1);
      onEnd(play.history());
    }
    await turn();
  }
}

/** Plays one history to its end. */
export async function playOne(play: Play): Promise<History> {
  while (play.step()) await turn();
  return play.history();
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
