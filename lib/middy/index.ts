/** The election as a middy middleware. */
export type { Followed, LeaderContext, LeadershipOptions } from "../client/with-leadership.ts";
export { scheduledTick, withLeadership } from "../client/with-leadership.ts";
export { type LeaderOnlyContext, leaderOnly } from "./leader-only.ts";
