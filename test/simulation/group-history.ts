/** A session: its holder's id, and its token. */
export interface SessionName {
  readonly id: string;
  readonly token: number;
}

/** Who takes part in a group, and with what share. */
export interface MemberLog {
  readonly id: string;
  readonly weight: number;
  /** How many shards it leads at most; infinite for any number. */
  readonly maxShards: number;
}

/** The group of a history. */
export interface GroupLog {
  readonly name: string;
  /** The shards that there were at first. */
  readonly shards: readonly string[];
  /** The most permits that anybody thought that there were; `undefined` where nobody asked for permits. */
  readonly permits: number | undefined;
}

/** The checkers of groups by name. */
export type GroupCheckerName =
  | "own-session"
  | "session-tokens"
  | "session-burials"
  | "shard-take-over"
  | "shard-rows"
  | "no-orphan"
  | "group-recovery"
  | "balance"
  | "moves"
  | "bells"
  | "back-off"
  | "waiting"
  | "permits"
  | "group-budget";
