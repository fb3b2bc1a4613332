import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

/**
 * Sets a process's wall clock. One that freezes is not set back between the same two readings in which it froze (A3): those
 * who hold the lease read their clocks at least each second, and are asked right before and after. While nothing is held
 * and nothing written, nobody needs the clocks, and anything may happen.
 */
export function stepWall(world: World, process: SimProcess, byMs: number, freezes: boolean): void {
  if (byMs < 0 && freezes) {
    const held = world.openOf(process);
    if (process.flight.froze || held.some((open) => !world.canBeAsked(open))) return;
    for (const open of held) world.ask(open, "closing");
    process.stepWall(byMs);
    for (const open of world.openOf(process)) world.ask(open, "closing");
  } else process.stepWall(byMs);
  world.noteStep(process, byMs);
}
