/** Where AWS's own schedules come from, as their events say. */
const SCHEDULERS: ReadonlySet<unknown> = new Set(["aws.events", "aws.scheduler"]);

/**
 * Finds the scheduled time in an event, as the event tells it:
 *
 * - `tick`, which `LeaderSchedule` sends, and whoever puts `<aws.scheduler.scheduled-time>` there;
 * - `time`, in the event of an EventBridge rule's schedule or of EventBridge Scheduler without an input of its own (its
 *   `detail-type` is `Scheduled Event`, its `source` `aws.events` or `aws.scheduler`). Every other event of EventBridge has a `time`,
 *   too, and so have many that are none: that time is no occurrence of a schedule.
 *
 * `undefined` in any other. What it finds is not checked here: `tryAcquire` refuses a tick that is no instant.
 */
export function scheduledTick(event: unknown): string | Date | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { tick, time, source, "detail-type": type } = event as Record<string, unknown>;
  const scheduled = type === "Scheduled Event" && SCHEDULERS.has(source);
  return (tick ?? (scheduled ? time : undefined) ?? undefined) as string | Date | undefined;
}

/**
 * Whether an event carries records that are taken for handled when the invocation returns: those of SQS, Kinesis, DynamoDB
 * streams, SNS and S3 (`Records`), Firehose (`records`), Kafka, MQ and DocumentDB (`eventSource`), and EventBridge Pipes (a list).
 */
export function recordsIn(event: unknown): number {
  if (Array.isArray(event)) return event.length;
  if (typeof event !== "object" || event === null) return 0;
  const { Records, records, eventSource } = event as Record<string, unknown>;
  const list = Records ?? records;
  if (Array.isArray(list)) return list.length;
  const isMapped = typeof eventSource === "string" && /^(aws:|SelfManagedKafka)/.test(eventSource);
  return isMapped ? Number.POSITIVE_INFINITY : 0; // However many: they are grouped by topic or queue.
}

/** Whether a value is a stream that is still to be read, or a response with such a body. */
export function streamIn(value: unknown): StreamLike | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { body } = value as { readonly body?: unknown };
  return isStream(value) ? value : isStream(body) ? body : undefined;
}

/** A stream of Node or of the web, as far as it can be given up. */
export interface StreamLike {
  destroy?(): unknown;
  cancel?(): Promise<unknown>;
}

function isStream(value: unknown): value is StreamLike {
  if (typeof value !== "object" || value === null) return false;
  const { pipe, getReader } = value as Record<string, unknown>;
  return typeof pipe === "function" || typeof getReader === "function";
}

/** Whether what stands where an invocation's context belongs is the stream that `awslambda.streamifyResponse` hands over. */
export function isResponseStream(context: unknown): boolean {
  if (typeof context !== "object" || context === null) return false;
  const { write, end } = context as Record<string, unknown>;
  return typeof write === "function" && typeof end === "function";
}
