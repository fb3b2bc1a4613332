import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Framer, jsonResponse, type Message, operationOf, withHeader } from "./http-messages.ts";
import type { Exchanged } from "./ledger.ts";
import { type Address, askEngine, writeInPieces } from "./upstream.ts";
import type { Fate, NetworkFault } from "./weather.ts";

/** What a link needs to know. */
export interface LinkOptions {
  readonly engine: Address;
  /** Decides what happens to a request. */
  readonly fateOf: (operation: string) => Fate;
  /** Hears of everything that the engine answered, also when the answer went nowhere. */
  readonly onExchange: (exchange: Exchanged) => void;
  /** Hears of every fault that was carried out. */
  readonly onFault: (fault: NetworkFault) => void;
  /** Hears of failures that nobody planned. */
  readonly onTrouble: (error: unknown) => void;
}

/** This machine's monotonic clock in ms, the same in every process of it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * The way of one candidate to the engine: a TCP proxy that knows where requests begin and end, and does to each
 * what its fate says.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #cut = false;
  #slowMs = 0;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Opens a link on a free loopback port. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options);
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return link;
  }

  /** Where the candidate finds what it takes for DynamoDB. */
  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the link is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Cuts the candidate off: nothing comes through, nothing is refused, until it is joined again. */
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
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const framer = new Framer();
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // The candidate may give up at any time.
    socket.on("error", () => {});
    let silent = false;
    let turn = Promise.resolve();
    const serveInTurn = async (before: Promise<void>, request: Message): Promise<void> => {
      await before;
      if (silent) return;
      silent = await this.#serve(socket, request).catch((error: unknown) => {
        socket.destroy();
        if (!this.#closing.signal.aborted) this.#options.onTrouble(error);
        return true;
      });
    };
    socket.on("data", (chunk) => {
      if (this.#cut) silent = true;
      for (const request of silent ? [] : framer.push(chunk)) turn = serveInTurn(turn, request);
    });
  }

  /** Serves one request; says whether the connection is silent, or gone, from now on. */
  async #serve(socket: Socket, request: Message): Promise<boolean> {
    const fate = this.#options.fateOf(operationOf(request.head));
    const { fault } = fate;
    const reply = (bytes: Buffer): Promise<void> => this.#reply(socket, bytes, fate);
    if (fault === "lost request" || fault === "hung request" || fault === "reset before") {
      this.#done(fault);
      return this.#breakOff(socket, fault);
    }
    if (fault === "throttled") {
      const type = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
      await reply(jsonResponse("400 Bad Request", { __type: type, message: "too many requests" }));
      this.#done(fault);
      return false;
    }
    if (fault === "late") {
      void this.#forwardLater(request, fate.waitMs, "late", fault);
      return true;
    }
    await this.#hold(fate.waitMs);
    const answer = await this.#forward(request, "in time", fate.pieceSizes);
    await this.#hold(fate.answerWaitMs + this.#slowMs);
    // Duplicates count when they arrive.
    if (fault !== undefined && fault !== "duplicated") this.#done(fault);
    if (fault === "lost response" || fault === "hung response") return this.#breakOff(socket, fault);
    if (fault === "reset after") {
      socket.write(answer.bytes.subarray(0, answer.bytes.length / 2));
      await this.#hold(1);
      return this.#breakOff(socket, fault);
    }
    if (fault === "server error") {
      const type = "com.amazonaws.dynamodb.v20120810#InternalServerError";
      await reply(jsonResponse("500 Internal Server Error", { __type: type, message: "internal error" }));
      return false;
    }
    const date = new Date(Date.now() + fate.frontEndMs).toUTCString();
    await reply(withHeader(answer, "date", fault === "no date" ? undefined : date));
    if (fault === "duplicated") {
      void this.#forwardLater(request, fate.duplicateAfterMs, "duplicate", fault);
    }
    return false;
  }

  #breakOff(socket: Socket, fault: NetworkFault): true {
    if (fault === "reset before" || fault === "reset after") socket.resetAndDestroy();
    else if (fault === "lost request" || fault === "lost response") socket.destroy();
    return true;
  }

  async #reply(socket: Socket, bytes: Buffer, fate: Fate): Promise<void> {
    if (!this.#cut) await writeInPieces(socket, bytes, fate.pieceSizes);
  }

  async #forward(
    request: Message,
    arrival: Exchanged["arrival"],
    pieceSizes?: readonly number[],
  ): Promise<Message> {
    const forwardedAt = monotonicMs();
    const asking = askEngine(this.#options.engine, request.bytes, pieceSizes);
    this.#inFlight.add(asking);
    const answer = await asking.finally(() => this.#inFlight.delete(asking));
    const answeredAt = monotonicMs();
    this.#options.onExchange({ request, answer, arrival, forwardedAt, answeredAt });
    return answer;
  }

  async #forwardLater(
    request: Message,
    afterMs: number,
    arrival: Exchanged["arrival"],
    fault: NetworkFault,
  ): Promise<void> {
    try {
      await this.#hold(afterMs);
      await this.#forward(request, arrival);
      this.#done(fault);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onTrouble(error);
    }
  }

  async #hold(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#closing.signal });
  }

  #done(fault: NetworkFault): void {
    this.#options.onFault(fault);
  }
}
