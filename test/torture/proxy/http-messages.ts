/** One whole HTTP/1.1 message as it came over the wire. */
export interface Message {
  /** Every byte of it. */
  readonly bytes: Buffer;
  /** Start line and headers, without the empty line. */
  readonly head: string;
  /** The body, with the framing of chunks taken off. */
  readonly body: Buffer;
}

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * Cuts a stream of bytes into HTTP/1.1 messages, by `Content-Length` or by chunks. A message with neither has
 * no body, which holds for requests and for every answer of a DynamoDB engine.
 */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);

  /** Whether the stream ended in the middle of a message, if it ended now. */
  get midway(): boolean {
    return this.#rest.length > 0;
  }

  /** Takes bytes as they come and returns the messages that they complete. */
  push(chunk: Buffer): Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const whole: Message[] = [];
    for (let cut = cutMessage(this.#rest); cut !== undefined; cut = cutMessage(this.#rest)) {
      whole.push(cut);
      this.#rest = this.#rest.subarray(cut.bytes.length);
    }
    return whole;
  }
}

/** The first message of some bytes; `undefined` while it is not whole. */
function cutMessage(bytes: Buffer): Message | undefined {
  const headLength = bytes.indexOf(HEAD_END);
  if (headLength < 0) return undefined;
  const head = bytes.toString("latin1", 0, headLength);
  const from = headLength + HEAD_END.length;
  if (/^chunked$/i.test(headerOf(head, "transfer-encoding") ?? "")) return cutChunked(bytes, head, from);
  const to = from + Number(headerOf(head, "content-length") ?? 0);
  return bytes.length < to
    ? undefined
    : { bytes: bytes.subarray(0, to), head, body: bytes.subarray(from, to) };
}

function cutChunked(bytes: Buffer, head: string, bodyFrom: number): Message | undefined {
  const chunks: Buffer[] = [];
  for (let at = bodyFrom; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { bytes: bytes.subarray(0, next), head, body: Buffer.concat(chunks) };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

/** The value of a header; its name in lower case. */
export function headerOf(head: string, name: string): string | undefined {
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}

/** The same message with a header replaced, or removed when the new value is `undefined`. */
export function withHeader({ bytes, head }: Message, name: string, value: string | undefined): Buffer {
  const kept = head.split("\r\n").filter((line) => !line.toLowerCase().startsWith(`${name}:`));
  if (value !== undefined) kept.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(kept.join("\r\n"), "latin1"), bytes.subarray(head.length)]);
}

/** The HTTP status of a response. */
export function statusOf(head: string): number {
  return Number(head.split(" ", 2)[1]);
}

/** The DynamoDB operation that a request names; empty for any other request. */
export function operationOf(head: string): string {
  return headerOf(head, "x-amz-target")?.split(".").at(-1) ?? "";
}

/** Makes a response as a DynamoDB engine would. */
export function jsonResponse(status: string, body: object): Buffer {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status}`,
    "content-type: application/x-amz-json-1.0",
    `content-length: ${Buffer.byteLength(text)}`,
    `date: ${new Date().toUTCString()}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}
