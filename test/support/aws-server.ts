import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";

import { createServer, type Server, type Socket } from "node:net";

/** What a pretended DynamoDB answers one request with. */
export interface Reply {
  readonly status: number;
  /** The error's name, as AWS JSON spells it; none for a success. */
  readonly error?: string;
  readonly message?: string;
  readonly body?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

/** What a pretended DynamoDB refuses a request with. */
export const bad = (error: string, message = "because"): Reply => ({ status: 400, error, message });

/** A server on loopback that a test talks to; it stops by itself. */
export interface Local extends AsyncDisposable {
  readonly endpoint: string;
  /** What was asked of it so far: each request's operation. */
  readonly asked: string[];
  /** Connections that are open now. */
  readonly connections: () => number;
}

/** Starts a pretended DynamoDB: each request gets the next reply, the last one for ever. */
export function replying(...replies: Reply[]): Promise<Local> {
  const asked: string[] = [];
  let next = 0;
  const server = createHttpServer((incoming, response) => {
    asked.push(operationOf(incoming));
    const reply = replies[Math.min(next, replies.length - 1)];
    next += 1;
    incoming.resume().on("end", () => reply && answer(response, reply));
  });
  return listening(server, asked);
}

/** Starts a server that accepts connections and never says a word. */
export function blackHole(): Promise<Local> {
  const asked: string[] = [];
  return listening(
    createServer((socket) => {
      asked.push("connection");
      socket.resume().on("error", () => {});
    }),
    asked,
  );
}

/** Decides what becomes of a response that the engine behind a proxy gave. */
export type Fate = (operation: string, nth: number) => "pass" | "drop" | "withhold";

/**
 * Starts a proxy in front of an engine that loses responses: every request reaches the engine; `drop` then
 * cuts the connection instead of answering, `withhold` leaves it open without an answer.
 */
export function losing(engine: string, fate: Fate): Promise<Local> {
  const asked: string[] = [];
  const server = createHttpServer((incoming, response) => {
    const operation = operationOf(incoming);
    asked.push(operation);
    const nth = asked.length;
    const { method, headers } = incoming;
    const onward = request(engine, { method, headers: { ...headers, connection: "close" } }, (answered) => {
      const decided = fate(operation, nth);
      if (decided === "pass") {
        response.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.pipe(response);
        return;
      }
      answered.resume().on("end", () => decided === "drop" && incoming.socket.destroy());
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  return listening(server, asked);
}

/** Answers a request as DynamoDB does. */
export function answer(
  response: ServerResponse,
  { status, error, message = "because", body, headers }: Reply,
): void {
  const content =
    error === undefined ? (body ?? {}) : { ...body, __type: `com.amazonaws.dynamodb#${error}`, message };
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0", ...headers });
  response.end(JSON.stringify(content));
}

/** The operation of DynamoDB that a request names. */
export function operationOf({ headers }: IncomingMessage): string {
  return String(headers["x-amz-target"]).replace("DynamoDB_20120810.", "");
}

/** Has a server listen on a free port of loopback. */
export function listening(server: Server, asked: string[]): Promise<Local> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        endpoint: `http://127.0.0.1:${port}`,
        asked,
        connections: () => sockets.size,
        [Symbol.asyncDispose]: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
