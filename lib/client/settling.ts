import type { LeaseWrite } from "../core/lease-write.ts";
import { AFFINITY_MAX_MS } from "../core/options.ts";
import type { LeaseRecord } from "../core/record.ts";
import { abandonShard, mayLand, voidClaim } from "../core/shard-writes.ts";
import { ttlOf } from "../core/writes.ts";
import { AFTER_FAILURE_MS } from "./campaign.ts";
import type { Contender } from "./contender.ts";
import type { Lifetime } from "./lifetime.ts";
import { follows, pause } from "./waiting.ts";

/*
 * A claim of a single lease that nobody answered runs out by itself. A shard's does not: it would hold the shard for as long as its session is
 * renewed, and nobody would lead. So it is settled, however long that takes, or until the session ends.
 */

/** What a try to settle has come to: nobody can say, or somebody else holds the shard for now, and the claim may land after that. */
type Settled = "settled" | "unanswered" | "held";

/** How long it waits at most before it looks again at a shard that somebody else holds, in ms: as long as a lost bell may cost. */
const MOST_PAUSE_MS = 60_000;

/**
 * Vacates what the claim may have taken; where it has not landed yet, takes its turn, so that it never does. While the shard is
 * held neither is possible: it looks again from time to time, ever more seldom.
 */
export async function settleClaim(self: Contender, claim: LeaseWrite, over: AbortSignal): Promise<void> {
  // The vacancy may be kept for somebody.
  const ttl = (): number => ttlOf(self.exchange.steady(), AFFINITY_MAX_MS, self.settings.timing.retentionMs);
  const of = (current: LeaseRecord | undefined): Settled | "landed" | "vacant" => {
    if (current?.writeId === claim.writeId) return "landed";
    if (!mayLand(claim, current)) return "settled";
    return current?.holder === undefined ? "vacant" : "held";
  };
  const by = async (write: LeaseWrite): Promise<Settled | "landed" | "vacant"> => {
    const { outcome } = await self.send(write);
    if (outcome.kind === "unknown") return "unanswered";
    return outcome.kind === "written" ? "settled" : of(outcome.current);
  };
  const abandon = () => by(abandonShard(claim, self.random.id(), ttl()));
  const takeItsTurn = () => by(voidClaim(claim, self.random.id(), ttl()));
  let first = true;
  await untilSettled(self, over, async () => {
    let found = first ? await abandon() : of((await self.look()).outcome.record);
    first = false;
    if (found === "landed") found = await abandon();
    if ((found === "vacant" || found === "unanswered") && !over.aborted) found = await takeItsTurn();
    if (found === "settled" || found === "held") return found;
    return "unanswered";
  });
}

/** What settles writes of a session that nobody answered. The end of the session settles everything: what rests on it counts for nobody. */
export class Settlings {
  readonly #life: Lifetime;
  readonly #underWay = new Set<Promise<void>>();
  #over = new AbortController();

  constructor(life: Lifetime) {
    this.#life = life;
  }

  /** Begins one, which goes on until it is settled or {@link end} is called. */
  begin(settling: (over: AbortSignal) => Promise<void>): void {
    const { signal } = this.#over;
    const under = this.#life.track(() => settling(signal)).finally(() => this.#underWay.delete(under));
    this.#underWay.add(under);
  }

  end(): void {
    this.#over.abort();
    this.#over = new AbortController();
  }

  /** Resolves once nothing of them is under way: they have sent their last requests. */
  async over(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

/** Tries until it is settled, or `over` is aborted, or the client closes. */
export async function untilSettled(
  self: Contender,
  over: AbortSignal,
  settle: () => Promise<Settled>,
): Promise<void> {
  const soonMs = Math.min(self.settings.timing.retryIntervalMs, AFTER_FAILURE_MS);
  const ended = new AbortController();
  const forget = self.life.onClose(() => ended.abort());
  const unfollow = follows(ended, over);
  try {
    let pauseMs = 0;
    while (!ended.signal.aborted && self.life.is === "open") {
      const came = await settle().catch(() => "unanswered" as const);
      if (came === "settled") return;
      pauseMs = came === "held" ? Math.min(Math.max(soonMs, 2 * pauseMs), MOST_PAUSE_MS) : soonMs;
      await pause(self.clock, pauseMs, ended.signal);
    }
  } finally {
    unfollow();
    forget();
  }
}
