import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What a pretended service of AWS answers. */
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A pretended service on loopback; it stops by itself. */
export interface Service extends AsyncDisposable {
  readonly endpoint: string;
}

export async function serving(
  answer: (request: IncomingMessage, body: Buffer) => Promise<Answer>,
): Promise<Service> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status, headers, body } = await answer(request, Buffer.concat(chunks));
    response.writeHead(status, headers).end(body);
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const md5 = (content: string | Buffer): string => createHash("md5").update(content).digest("hex");

/** An object as S3 keeps it: its ETag is made of its content alone. */
export interface StoredObject {
  readonly content: string;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
}

/** A pretended S3. */
export interface ObjectStore extends Service {
  readonly objects: Map<string, StoredObject>;
  /** Runs when a PUT has arrived and before its condition is judged. */
  onPut: (() => Promise<void>) | undefined;
  /** Runs when a PUT is refused because another is under way. */
  onConflict: (() => void) | undefined;
}

/**
 * Answers HEAD and PUT of whole objects with what S3 documents of conditional writes: `If-None-Match: *` is 412 where
 * there is an object; `If-Match` is 412 for another ETag and 404 for no object; a conditional write is 409 while
 * another to the same key is under way.
 */
export async function objectStore(): Promise<ObjectStore> {
  const objects = new Map<string, StoredObject>();
  const underWay = new Set<string>();
  const refuse = (status: number, code: string): Answer => ({
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>because</Message></Error>`,
  });

  async function put(key: string, { headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    if (underWay.has(key)) {
      store.onConflict?.();
      return refuse(409, "ConditionalRequestConflict");
    }
    underWay.add(key);
    try {
      await store.onPut?.();
      const found = objects.get(key);
      if (headers["if-none-match"] === "*" && found !== undefined) return refuse(412, "PreconditionFailed");
      if (headers["if-match"] !== undefined && found === undefined) return refuse(404, "NoSuchKey");
      if (headers["if-match"] !== undefined && headers["if-match"] !== found?.etag) {
        return refuse(412, "PreconditionFailed");
      }
      const etag = `"${md5(body)}"`;
      const meta = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-"));
      objects.set(key, {
        content: body.toString(),
        etag,
        meta: Object.fromEntries(meta) as Record<string, string>,
      });
      return { status: 200, headers: { etag } };
    } finally {
      underWay.delete(key);
    }
  }

  const service = await serving(async (request, body) => {
    const key = new URL(request.url ?? "", "http://s3").pathname.slice(1);
    if (request.headers["content-encoding"]?.includes("aws-chunked")) return refuse(501, "NotImplemented");
    if (request.method === "PUT") return put(key, request, body);
    if (request.method !== "HEAD") return refuse(501, "NotImplemented");
    const found = objects.get(key);
    return found === undefined
      ? { status: 404 }
      : { status: 200, headers: { etag: found.etag, ...found.meta } };
  });
  const store: ObjectStore = Object.assign(service, { objects, onPut: undefined, onConflict: undefined });
  return store;
}

const json = (body: object, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify(body),
});

function operationOf({ headers }: IncomingMessage): string {
  return String(headers["x-amz-target"]).split(".").at(-1) ?? "";
}

/** A pretended standard queue, as far as one that waits for messages sees it. */
export interface WakeQueue extends Service {
  readonly send: (body: unknown) => void;
  /** The bodies of what was deleted, in order. */
  readonly deleted: () => readonly string[];
}

/** Answers ReceiveMessage when there is a message (long polling), and DeleteMessage. */
export async function wakeQueue(): Promise<WakeQueue> {
  const bodies: string[] = [];
  const deleted: string[] = [];
  let given = 0;
  let arrived = (): void => undefined;
  const service = await serving(async (request, body) => {
    const { ReceiptHandle } = JSON.parse(body.toString());
    if (operationOf(request) === "DeleteMessage") {
      deleted.push(bodies[Number(ReceiptHandle)] ?? "");
      return json({});
    }
    if (bodies.length === given) await new Promise<void>((resolve) => void (arrived = resolve));
    const Body = bodies[given] ?? "";
    const message = { MessageId: randomUUID(), Body, MD5OfBody: md5(Body), ReceiptHandle: String(given) };
    given += 1;
    return json({ Messages: [message] });
  });
  return Object.assign(service, {
    send: (body: unknown) => {
      bodies.push(JSON.stringify(body));
      arrived();
    },
    deleted: () => deleted,
  });
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly group: string;
  receipt: string | undefined;
  invisibleUntil: number;
}

/** A pretended FIFO queue. */
export interface FifoQueue extends Service {
  /** Lets time pass, in ms: for deduplication and visibility. */
  readonly pass: (ms: number) => void;
  /** The bodies of what waits or is being worked on, in order. */
  readonly waiting: () => readonly string[];
}

const DEDUPLICATION_MS = 300_000;
const VISIBILITY_MS = 30_000;

/**
 * Answers SendMessage, ReceiveMessage and DeleteMessage with what SQS documents of FIFO queues: a deduplication id is
 * accepted and dropped for five minutes; a group is closed while one of its messages is in flight; what is not
 * deleted within the visibility timeout comes again, in order.
 */
export async function fifoQueue(): Promise<FifoQueue> {
  let now = 0;
  let messages: Message[] = [];
  const sent = new Map<string, { readonly id: string; readonly at: number }>();

  function send(input: Record<string, string>): Answer {
    const { MessageBody = "", MessageGroupId: group, MessageDeduplicationId: deduplication } = input;
    if (!group || !deduplication) return json({ __type: "com.amazonaws.sqs#MissingParameter" }, 400);
    const before = sent.get(deduplication);
    const isRepeat = before !== undefined && now - before.at < DEDUPLICATION_MS;
    const id = isRepeat ? before.id : randomUUID();
    if (!isRepeat) {
      sent.set(deduplication, { id, at: now });
      messages.push({ id, body: MessageBody, group, receipt: undefined, invisibleUntil: 0 });
    }
    return json({ MessageId: id, MD5OfMessageBody: md5(MessageBody) });
  }

  function receive(most: number): Answer {
    const closed = new Set(messages.filter((m) => m.invisibleUntil > now).map(({ group }) => group));
    const given = messages.filter(({ group }) => !closed.has(group)).slice(0, most);
    for (const message of given) {
      message.receipt = randomUUID();
      message.invisibleUntil = now + VISIBILITY_MS;
    }
    const Messages = given.map(({ id, body, receipt }) => ({
      MessageId: id,
      Body: body,
      MD5OfBody: md5(body),
      ReceiptHandle: receipt,
    }));
    return json({ Messages });
  }

  const service = await serving(async (request, body) => {
    const input = JSON.parse(body.toString());
    switch (operationOf(request)) {
      case "SendMessage":
        return send(input);
      case "ReceiveMessage":
        return receive(input.MaxNumberOfMessages ?? 1);
      case "DeleteMessage":
        messages = messages.filter(({ receipt }) => receipt !== input.ReceiptHandle);
        return json({});
      default:
        return json({ __type: "com.amazonaws.sqs#UnsupportedOperation" }, 400);
    }
  });
  return Object.assign(service, {
    pass: (ms: number) => void (now += ms),
    waiting: () => messages.map(({ body }) => body),
  });
}

/** An event as a rule hands it to its target. */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly "detail-type": string;
  readonly detail: never;
}

/** A pretended event bus; it delivers nothing by itself: a test does, in whatever order and however often. */
export interface EventBus extends Service {
  readonly events: BusEvent[];
  /** Refuses entries from now on, as a bus that is throttled does: within a response that is a success. */
  throttled: boolean;
}

/** Answers PutEvents with what EventBridge documents: an outcome for each entry. */
export async function eventBus(): Promise<EventBus> {
  const events: BusEvent[] = [];
  const service = await serving(async (request, body) => {
    if (operationOf(request) !== "PutEvents") return json({ __type: "UnknownOperationException" }, 400);
    const { Entries } = JSON.parse(body.toString()) as { Entries: Record<string, string>[] };
    const outcomes = Entries.map(({ Source = "", DetailType = "", Detail = "" }) => {
      if (bus.throttled) return { ErrorCode: "ThrottlingException", ErrorMessage: "too many" };
      const id = randomUUID();
      events.push({ id, source: Source, "detail-type": DetailType, detail: JSON.parse(Detail) as never });
      return { EventId: id };
    });
    const FailedEntryCount = outcomes.filter((outcome) => "ErrorCode" in outcome).length;
    return json({ FailedEntryCount, Entries: outcomes });
  });
  const bus: EventBus = Object.assign(service, { events, throttled: false });
  return bus;
}
