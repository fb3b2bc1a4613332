import { setTimeout as sleep } from "node:timers/promises";
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Lease, LeaseClient } from "leasehold";

/**
 * Stands by without polling the table: a rule puts every release into a queue, and each message makes the candidate look. The
 * client's `retryIntervalMs` is long (ten minutes, say): it is what a lost message costs.
 */
export async function standByQueue(
  leases: LeaseClient,
  sqs: SQSClient,
  queueUrl: string,
  work: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = leases.candidate("orders-writer");
  const done = new AbortController();
  const listening = listen(sqs, queueUrl, AbortSignal.any([signal, done.signal]), (lease) => {
    if (lease === candidate.name) candidate.notify();
  });
  try {
    await candidate.run(work, { signal });
  } finally {
    done.abort();
    await listening;
  }
}

/** Tells of the lease in each message until it is told to stop. What goes wrong on the way goes wrong for a while. */
async function listen(
  sqs: SQSClient,
  QueueUrl: string,
  signal: AbortSignal,
  told: (lease: string) => void,
): Promise<void> {
  const ask = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MaxNumberOfMessages: 10 });
  while (!signal.aborted) {
    try {
      const { Messages = [] } = await sqs.send(ask, { abortSignal: signal });
      for (const { Body = "", ReceiptHandle } of Messages) {
        told(JSON.parse(Body).detail.lease);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }), { abortSignal: signal });
      }
    } catch {
      await sleep(5_000, undefined, { signal }).catch(() => undefined);
    }
  }
}
