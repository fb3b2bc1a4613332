import type { GroupOptions, ShardOptions, ShardTermOptions } from "../core/group-options.ts";
import { parseId, type TermOptions, type TermSettings } from "../core/options.ts";
import { SESSION_RETENTION_MS } from "../core/shard-writes.ts";
import type { TermRules } from "../core/term-state.ts";
import type { Reading } from "../core/units.ts";
import type { ClientCore, Try } from "./client-core.ts";
import type { Session, SessionOptions } from "./session.ts";
import { attemptShard, type First } from "./shard-attempt.ts";
import type { Within } from "./waiting.ts";

/** Options of `Group.acquire`. */
export interface ShardAcquireOptions extends ShardTermOptions {
  /** Ends the wait; a claim that is under way is settled, and released if it won, before `acquire` rejects. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait at most, in ms. A request under way is still settled.
   * @default - for ever
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the store may be out of reach, or refuse to serve, before the wait ends with its error, in ms: 0 to a week.
   * @default - as long as it takes
   */
  readonly troubleLimitMs?: number | undefined;
}

/**
 * Checks how a process is to take part in a group.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function sessionOptions(
  core: ClientCore,
  name: string,
  options: GroupOptions,
  worker?: TermRules["worker"],
): SessionOptions {
  const { durationMs, renewIntervalMs, lockDelayMs, holder, id } = options;
  const settings = core.termSettings({ durationMs, renewIntervalMs, lockDelayMs, holder });
  const timing = { ...settings.timing, retentionMs: SESSION_RETENTION_MS };
  const stable = id === undefined ? undefined : parseId(id, "id");
  return { name, settings: { ...settings, timing }, id: stable, worker };
}

/** What a shard's term is asked for, checked. */
export function shardSettings(
  core: ClientCore,
  group: GroupOptions,
  asked: ShardOptions & Pick<TermOptions, "termLimitMs">,
): TermSettings {
  const { durationMs, renewIntervalMs, holder } = group;
  const settings = core.termSettings({ ...asked, durationMs, renewIntervalMs, holder });
  return { ...settings, autoRenew: false };
}

/**
 * Returns what makes a session's attempts for a shard.
 * @param from when the first of them began, where the term has a limit: it counts from there
 */
export function shardTries(
  session: Session,
  shard: string,
  settings: TermSettings,
  from?: Reading,
): (first: First, within?: Within) => ReturnType<Try> {
  const { core } = session;
  const self = session.contender(shard, settings);
  return async (first, within) => {
    core.life.assertOpen();
    try {
      const came = await core.life.track(() => attemptShard(self, session, shard, first, from, within));
      return "kind" in came ? came : { kind: "acquired", lease: came };
    } finally {
      core.life.assertOpen(); // What came of it, whoever closed the client has ended with the session.
    }
  };
}
