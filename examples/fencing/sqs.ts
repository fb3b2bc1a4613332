import { createHash } from "node:crypto";
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type FenceGuard, isLeaseError, type Lease } from "leasehold";

/** The leader: each message says for which term it was sent. One message group per lease keeps them in order. */
export async function sendOrder(
  sqs: SQSClient,
  lease: Pick<Lease, "name" | "token">,
  QueueUrl: string,
  order: { readonly id: string },
): Promise<void> {
  const MessageBody = JSON.stringify({ lease: lease.name, token: lease.token, order });
  await sqs.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody,
      MessageGroupId: lease.name,
      // Of the token too: else the queue would drop a successor's message in favour of its predecessor's.
      MessageDeduplicationId: createHash("sha256").update(MessageBody).digest("hex"),
    }),
  );
}

/** The consumer: acts on what is not older than what it has acted on, and drops the rest. */
export async function receiveOrders(
  sqs: SQSClient,
  QueueUrl: string,
  guard: FenceGuard,
  act: (order: { readonly id: string }) => Promise<void>,
): Promise<void> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { Body = "", ReceiptHandle } of Messages) {
    const { lease, token, order } = JSON.parse(Body);
    // What throws on from here leaves this message and those behind it in the queue, to come again in order.
    if (await isCurrent(guard, `orders of ${lease}`, token)) await act(order);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

async function isCurrent(guard: FenceGuard, resource: string, token: number): Promise<boolean> {
  try {
    await guard.admit(resource, token);
    return true;
  } catch (error) {
    if (isLeaseError(error, "FENCED")) return false;
    throw error; // nobody can say: neither act nor drop
  }
}
