/** Leader election on DynamoDB: the lease client, its errors, events and fencing. */
export type { Refusal } from "./client/attempt.ts";
export type { Group, ShardRunOptions } from "./client/group.ts";
export type { GroupStatus, WorkerInfo } from "./core/group-view.ts";
export type { ShardAcquireOptions } from "./client/group-session.ts";
export type {
  PermitAcquireOptions,
  PermitTryOptions,
  Semaphore,
  SemaphoreOptions,
} from "./client/semaphore.ts";
export type { Worker, WorkerOptions, WorkerStatus } from "./client/worker.ts";
export { onLeaseEvent } from "./diagnostics/channels.ts";
export { type CampaignOptions, Candidate, type CandidateOptions } from "./client/candidate.ts";
export { scheduledTick } from "./client/invocation-event.ts";
export type { InvocationElector } from "./client/invocation-tries.ts";
export type { Lease, StepDownOptions } from "./client/lease.ts";
export type { CandidateStatus } from "./client/campaigner.ts";
export type { CandidateListeners } from "./client/listeners.ts";
export type {
  Asked,
  CandidateInfo,
  ForcedRelease,
  RewoundTick,
  StepDownRequest,
} from "./client/operating.ts";
export type { LeaseIterator } from "./client/iteration.ts";
export type { ListOptions, ObserveOptions } from "./client/reading.ts";
export type {
  AcquireOptions,
  AcquireResult,
  RunOptions,
  RunResult,
  TryAcquireOptions,
} from "./client/results.ts";
export {
  type Followed,
  type InvocationContext,
  type LeaderContext,
  type LeaderHandler,
  type LeadershipOptions,
  type OnFollowed,
  withLeadership,
} from "./client/with-leadership.ts";
export { isLeaseError, LeaseError, type LeaseErrorCode } from "./core/errors.ts";
export type { LeaseEventName, LeaseEvents, Trouble } from "./core/events.ts";
export type { Evidence, Proof } from "./core/evidence.ts";
export type {
  GroupOptions,
  ShardOptions,
  ShardSource,
  ShardTermOptions,
  WorkerSettings,
} from "./core/group-options.ts";
export type { RefusalReason } from "./core/next-move.ts";
export type { ElectionOptions } from "./core/candidate-options.ts";
export type { TermOptions, TickOptions, TickPolicy } from "./core/options.ts";
export type { CallOptions, Clock, LeaseStore, ListPage, Random, RowsPage } from "./core/ports.ts";
export type {
  ExpiredLease,
  HeldLease,
  LeaseFacts,
  LeaseRecord,
  LeaseState,
  VacantLease,
} from "./core/record.ts";
export type { Handover, LeaseEnd, ReleaseResult } from "./core/term.ts";
export { DEFAULT_TIMING, recoveryBoundMs, type Timing, type TimingOptions } from "./core/timing.ts";
export { LeaseClient, type LeaseClientOptions } from "./dynamodb/lease-client.ts";
export { type LeaseEnvironment, leaseEnvironment } from "./dynamodb/lease-environment.ts";
export type { FenceableCommand } from "./fencing/commands.ts";
export { type FenceCheck, type Fencing, fenceCheck } from "./fencing/fence-check.ts";
export { FenceGuard, type FenceGuardOptions } from "./fencing/fence-guard.ts";
export {
  type FencedOptions,
  type FencedTerm,
  fenced,
  type MarkedTerm,
  type MarkFence,
  type TransactionFence,
} from "./fencing/fenced.ts";
