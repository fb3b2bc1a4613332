/** The election as a middy middleware. */
export { scheduledTick } from "../client/invocation-event.ts";
export {
  type Followed,
  type LeaderContext,
  type LeadershipOptions,
  type OnFollowed,
  withLeadership,
} from "../client/with-leadership.ts";
export type { LambdaClientContext, LambdaContext } from "./lambda-context.ts";
export { type LeaderOnlyContext, leaderOnly } from "./leader-only.ts";
