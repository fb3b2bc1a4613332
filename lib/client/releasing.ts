import { refusedRelease, type ReleaseResult } from "../core/term.ts";
import { release, ttlOf } from "../core/writes.ts";
import type { Candidacy } from "./candidacy.ts";

/** How often a release is sent before its outcome is called unknown. */
const RELEASE_TRIES = 2;

/**
 * Vacates the row of a term, and says what became of that. `tick` is marked as done; `kept` says for whom the
 * lease is kept, and for how long in ms. Never rejects.
 */
export async function sendRelease(
  self: Candidacy,
  token: number,
  how: {
    readonly tick: string | undefined;
    readonly kept: { readonly for: string; readonly ms: number } | undefined;
  },
): Promise<ReleaseResult> {
  const { exchange, random, settings } = self;
  const { tick, kept } = how;
  let cause: unknown;
  for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
    const now = exchange.estimate();
    const ttl = ttlOf(now, kept?.ms ?? 0, settings.timing.retentionMs);
    const reserve = kept && { ...kept, now, timed: exchange.timed };
    try {
      const { outcome } = await self.send(
        release({ ...self, token }, { writeId: random.id(), ttl, tick, reserve }),
      );
      if (outcome.kind === "written") return { kind: "released" };
      if (outcome.kind === "refused") return refusedRelease(outcome.current, token);
      cause = outcome.cause;
    } catch (error) {
      cause = error;
    }
  }
  return { kind: "unknown", cause };
}
