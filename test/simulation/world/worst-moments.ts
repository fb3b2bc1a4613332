import type { OpenTerm } from "./terms.ts";
import type { World } from "./world.ts";

/** Those who lost the lease in their sleep like to wake up when their successor begins. */
export function worstMoments(world: World, successor: OpenTerm, open: Iterable<OpenTerm>): void {
  for (const { process } of open) {
    if (process === successor.process || !process.paused) continue;
    const draws = world.chance.of(`${process.name}/worst-moments`);
    if (!draws.happens(world.rate("worst-moment-thaw"))) continue;
    world.faults.add("worst-moment-thaw");
    world.agenda.in(0, () => world.thaw(process));
  }
}
