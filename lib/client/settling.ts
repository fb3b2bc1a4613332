import type { LeaseWrite } from "../core/lease-write.ts";
import { abandonShard, mayLand, voidClaim } from "../core/shard-writes.ts";
import { ttlOf } from "../core/writes.ts";
import type { Contender } from "./contender.ts";
import { follows, pause } from "./waiting.ts";

/*
 * A claim of a single lease that nobody answered runs out by itself. A shard's does not: it would hold the shard for as long as its session is
 * renewed, and nobody would lead. So it is settled, however long that takes, or until the session ends.
 */

/** Vacates what the claim may have taken; where it has not landed yet, takes its turn, so that it never does. */
export async function settleClaim(self: Contender, claim: LeaseWrite, over: AbortSignal): Promise<void> {
  const ttl = (): number => ttlOf(self.exchange.steady(), 0, self.settings.timing.retentionMs);
  const isSettled = async (write: LeaseWrite): Promise<boolean> => {
    const { outcome } = await self.send(write);
    if (outcome.kind !== "refused") return outcome.kind === "written";
    return outcome.current?.writeId !== claim.writeId && !mayLand(claim, outcome.current);
  };
  await untilSettled(self, over, async () => {
    if (await isSettled(abandonShard(claim, self.random.id(), ttl()))) return true;
    return !over.aborted && isSettled(voidClaim(claim, self.random.id(), ttl()));
  });
}

/** Sends a release that nobody answered until somebody does. */
export async function settleRelease(self: Contender, write: LeaseWrite, over: AbortSignal): Promise<void> {
  await untilSettled(self, over, async () => (await self.send(write)).outcome.kind !== "unknown");
}

async function untilSettled(
  self: Contender,
  over: AbortSignal,
  settle: () => Promise<boolean>,
): Promise<void> {
  const { retryIntervalMs } = self.settings.timing;
  const ended = new AbortController();
  const forget = self.life.onClose(() => ended.abort());
  const unfollow = follows(ended, over);
  try {
    while (!ended.signal.aborted && self.life.is === "open") {
      if (await settle().catch(() => false)) return;
      await pause(self.clock, retryIntervalMs, ended.signal);
    }
  } finally {
    unfollow();
    forget();
  }
}
