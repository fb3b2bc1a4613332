import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as ask,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { listenOnLoopback } from "./ports.ts";
import type { Fate, NetworkFault } from "./faults.ts";

/** One request that reached the engine, and its answer. */
export interface Exchange {
  /** The DynamoDB operation that the request names; empty for any other request. */
  readonly operation: string;
  readonly request: Buffer;
  readonly status: number;
  readonly answer: Buffer;
  /** Whether its sender was still waiting for it, had given up, or has had its answer before. */
  readonly arrival: "in time" | "late" | "duplicate";
  /** When it went on to the engine and when the answer came back, by this machine's monotonic clock. */
  readonly forwardedAt: number;
  readonly answeredAt: number;
}

/** Decides about requests, and learns what the engine made of them. */
export interface Traffic {
  /** Decides what happens to a request. The request waits for as long as the decision takes. */
  readonly fateOf: (operation: string) => Fate | Promise<Fate>;
  /** Is told of everything that the engine answered, also when the answer went nowhere. */
  readonly onExchange: (exchange: Exchange) => void;
}

/** Traffic to which nothing happens. */
export const UNDISTURBED: Traffic = { fateOf: () => ({}), onExchange: () => {} };

/** What a link needs to know. */
export interface LinkOptions {
  /** Where the engine answers. */
  readonly engine: string;
  /** What happens to the requests at first. */
  readonly traffic?: Traffic;
  /** Is told of every fault that was carried out. */
  readonly onFault?: (fault: NetworkFault) => void;
  /** Is told of failures that nobody planned. */
  readonly onTrouble?: (error: unknown) => void;
}

/** One request as it arrived. */
interface Asked {
  readonly incoming: IncomingMessage;
  readonly operation: string;
  readonly body: Buffer;
}

/** An answer on its way back. */
interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** An engine that is silent for so long is broken, which is nobody's plan. */
const PATIENCE_MS = 30_000;

/** This machine's monotonic clock in ms: one clock for all its processes, which no clock shift touches. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The way of one process to the engine: an HTTP proxy on loopback that does to each request what its fate says. */
export class Link implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #server = createServer({ noDelay: true }, (incoming, outgoing) => {
    void this.#accept(incoming, outgoing);
  });
  /** Connections on which nothing is heard any more, though they stay open. */
  readonly #silent = new WeakSet<Socket>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  /** What happens to the requests from now on. */
  traffic: Traffic;
  #port = 0;
  #cut = false;
  #slowMs = 0;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.traffic = options.traffic ?? UNDISTURBED;
    // The network closes no connection by itself: a process may stand still for longer than any of these.
    Object.assign(this.#server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    this.#server.on("clientError", (_, socket) => socket.destroy());
  }

  /** Opens a link on a free loopback port. */
  static async open(options: LinkOptions): Promise<Link> {
    if (!options.engine.startsWith("http://")) {
      throw new Error(`the DynamoDB endpoint must be an http address, not ${options.engine}`);
    }
    const link = new Link(options);
    link.#port = await listenOnLoopback(link.#server);
    return link;
  }

  /** Where the process finds what it takes for DynamoDB. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Cuts the process off: nothing comes through, nothing is refused, until it is joined again. */
  cut(): void {
    this.#cut = true;
  }

  /** Makes every answer so much later, until it is joined again. */
  slow(ms: number): void {
    this.#slowMs = ms;
  }

  /** Lets requests through again; connections that were silenced meanwhile stay silent. */
  join(): void {
    this.#cut = false;
    this.#slowMs = 0;
  }

  /** Drops what was still held back, waits for what is with the engine, and closes every connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#inFlight);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { socket } = incoming;
    outgoing.on("error", () => {});
    if (this.#cut) this.#silent.add(socket);
    try {
      // A sender that gives up in mid-request has asked nothing.
      const body = await buffer(incoming).catch(() => undefined);
      if (body === undefined || this.#silent.has(socket)) return;
      const operation = String(incoming.headers["x-amz-target"] ?? "").replace(/^.*\./, "");
      await this.#serve({ incoming, operation, body }, outgoing);
    } catch (error) {
      socket.destroy();
      if (!this.#closing.signal.aborted) this.#options.onTrouble?.(error);
    }
  }

  /** Serves one request as its fate says. */
  async #serve(asked: Asked, outgoing: ServerResponse): Promise<void> {
    const { socket } = asked.incoming;
    const fate = await this.traffic.fateOf(asked.operation);
    const { fault } = fate;
    if (fault === "late") {
      this.#silent.add(socket);
      return this.#forwardLater(asked, fate.waitMs, fault);
    }
    if (fault === "throttled") {
      await this.#reply(outgoing, errorAnswer(400, "ProvisionedThroughputExceededException"), fate);
    } else if (fault === "lost request" || fault === "hung request" || fault === "reset before") {
      this.#breakOff(socket, fault);
    } else {
      await this.#hold(fate.waitMs);
      const answer = await this.#forward(asked, "in time", fate.pieceSizes);
      await this.#hold((fate.answerWaitMs ?? 0) + this.#slowMs);
      await this.#answerWith(answer, fate, socket, outgoing);
      if (fault === "duplicated") return this.#forwardLater(asked, fate.duplicateAfterMs, fault);
    }
    if (fault !== undefined) this.#options.onFault?.(fault);
  }

  /** Sends an answer back, or what a fault makes of it. */
  async #answerWith(answer: Answer, fate: Fate, socket: Socket, outgoing: ServerResponse): Promise<void> {
    const { fault } = fate;
    if (fault === "lost response" || fault === "hung response") return this.#breakOff(socket, fault);
    if (fault === "server error") return this.#reply(outgoing, errorAnswer(500, "InternalServerError"), fate);
    if (fault !== "reset after") return this.#reply(outgoing, answer, fate);
    outgoing.writeHead(answer.status, { "content-length": answer.body.length });
    outgoing.write(answer.body.subarray(0, answer.body.length / 2));
    await this.#hold(1);
    this.#breakOff(socket, fault);
  }

  #breakOff(socket: Socket, fault: NetworkFault): void {
    if (fault.startsWith("reset")) socket.resetAndDestroy();
    else if (fault.startsWith("lost")) socket.destroy();
    else this.#silent.add(socket);
  }

  async #reply(outgoing: ServerResponse, { status, headers, body }: Answer, fate: Fate): Promise<void> {
    if (this.#cut) return;
    const { fault, frontEndMs, pieceSizes } = fate;
    const { date: engineDate, ...others } = headers;
    const date = frontEndMs === undefined ? engineDate : new Date(Date.now() + frontEndMs).toUTCString();
    const dated = fault === "no date" || date === undefined ? others : { ...others, date };
    // Only the date that was chosen here, or none.
    outgoing.sendDate = false;
    outgoing.writeHead(status, { ...dated, "content-length": body.length }).flushHeaders();
    await writeInPieces(outgoing, body, pieceSizes);
  }

  async #forward(
    asked: Asked,
    arrival: Exchange["arrival"],
    pieceSizes?: readonly number[],
  ): Promise<Answer> {
    const { operation, body: request } = asked;
    const forwardedAt = monotonicMs();
    const asking = askEngine(this.#options.engine, asked, pieceSizes);
    this.#inFlight.add(asking);
    const answer = await asking.finally(() => this.#inFlight.delete(asking));
    const { status, body } = answer;
    const answeredAt = monotonicMs();
    this.traffic.onExchange({ operation, request, status, answer: body, arrival, forwardedAt, answeredAt });
    return answer;
  }

  async #forwardLater(
    asked: Asked,
    afterMs: number | undefined,
    fault: "late" | "duplicated",
  ): Promise<void> {
    await this.#hold(afterMs);
    await this.#forward(asked, fault === "late" ? "late" : "duplicate");
    this.#options.onFault?.(fault);
  }

  async #hold(ms = 0): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#closing.signal });
  }
}

/**
 * Sends one request to the engine and returns its answer. Each has a connection of its own, so that behind the
 * link nothing is ever lost, late or out of order but by plan. `pieceSizes` sends it in pieces.
 * @throws {Error} when the engine does not answer
 */
async function askEngine(
  engine: string,
  { incoming, body }: Asked,
  pieceSizes?: readonly number[],
): Promise<Answer> {
  const { method, url: path, headers } = incoming;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const asking = ask(engine, {
      method,
      path,
      headers: { ...headers, connection: "close" },
      agent: false,
      signal,
    });
    // What fails is thrown below, once.
    asking.on("error", () => {});
    const [[response]] = await Promise.all([
      once(asking, "response") as Promise<[IncomingMessage]>,
      writeInPieces(asking, body, pieceSizes),
    ]);
    // Framing and connections are each side's own.
    const { connection: _, "keep-alive": __, "transfer-encoding": ___, ...kept } = response.headers;
    return { status: response.statusCode ?? 502, headers: kept, body: await buffer(response) };
  } catch (cause) {
    throw new Error(`the engine at ${engine} broke off`, { cause });
  }
}

/** Writes bytes in pieces of the given sizes, each after a moment of its own, then the rest, and ends. */
async function writeInPieces(
  target: ServerResponse | ClientRequest,
  bytes: Buffer,
  sizes: readonly number[] = [],
): Promise<void> {
  let at = 0;
  for (const size of sizes) {
    if (at + size >= bytes.length || !target.writable) break;
    target.write(bytes.subarray(at, at + size));
    at += size;
    await delay(1);
  }
  if (target.writable) target.end(bytes.subarray(at));
}

/** An error as a DynamoDB engine answers it. */
function errorAnswer(status: number, type: string): Answer {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: type });
  const headers = { "content-type": "application/x-amz-json-1.0", date: new Date().toUTCString() };
  return { status, headers, body: Buffer.from(body) };
}
