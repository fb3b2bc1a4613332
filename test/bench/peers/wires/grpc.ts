import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { listenOnLoopback } from "../../../../local/harness/ports.ts";
import { Ledger } from "./ledger.ts";
import type { Loss, Wire } from "./wire.ts";

/** A wire to an etcd server. What counts is messages: a watch and the renewals of a lease are streams of them. */
export async function openGrpcWire(server: string): Promise<Wire> {
  const ledger = new Ledger();
  const upstreams = new Map<ServerHttp2Session, ClientHttp2Session>();
  const silent = new WeakSet<ServerHttp2Session>();
  /** By the client's port. A session lets nobody end its connection rudely. */
  const sockets = new Map<number | undefined, Socket>();
  const listener = createServer();
  listener.on("connection", (socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.on("close", () => sockets.delete(remotePort));
  });
  listener.on("session", (session) => {
    const upstream = connect(server);
    upstreams.set(session, upstream);
    session.on("error", () => {});
    upstream.on("error", () => session.destroy());
    session.on("close", () => {
      upstreams.delete(session);
      upstream.destroy();
    });
  });
  listener.on("stream", (stream, headers) => {
    const session = stream.session as ServerHttp2Session;
    const upstream = upstreams.get(session);
    if (upstream === undefined) return stream.close();
    const lose = (how: Loss): void => {
      if (how === "silent") silent.add(session);
      else sockets.get(session.socket.remotePort)?.destroy();
    };
    forward(stream, headers, { upstream, ledger, lose, isSilent: () => silent.has(session) });
  });
  const at = await listenOnLoopback(listener);
  return {
    endpoint: `http://127.0.0.1:${at}`,
    take: () => ledger.take(),
    loseNext: (operations, how) => ledger.loseNext(operations, how),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const socket of sockets.values()) socket.destroy();
      await once(listener, "close");
    },
  };
}

interface Way {
  readonly upstream: ClientHttp2Session;
  readonly ledger: Ledger;
  readonly lose: (how: Loss) => void;
  readonly isSilent: () => boolean;
}

/** Passes one call on, and its answers back. */
function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, way: Way): void {
  const operation = String(headers[":path"]).replace(/^.*\//, "");
  let losing: Loss | undefined;
  const call = way.upstream.request(withoutConnection(headers));
  stream.on("error", () => {});
  call.on("error", () => {});
  stream.on(
    "data",
    countMessages(() => (losing ??= way.ledger.count(operation))),
  );
  stream.pipe(call);
  stream.on("close", () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) call.close(stream.rstCode);
  });
  /** Whether what came back from the server may go on to the client. */
  const passes = (): boolean => {
    if (losing !== undefined && !stream.destroyed) way.lose(losing);
    return losing === undefined && !stream.destroyed && !way.isSilent();
  };
  let trailers: IncomingHttpHeaders = {};
  call.on("response", (answer) => {
    if (!passes()) return;
    stream.respond(withoutConnection(answer), { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  });
  call.on("trailers", (sent) => (trailers = sent));
  call.on("data", (bytes: Buffer) => {
    if (passes()) stream.write(bytes);
  });
  call.on("end", () => {
    if (passes()) stream.end();
  });
}

/** Tells of each message in a stream of them: a byte, four bytes of length, and as many bytes. */
function countMessages(onMessage: () => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 5) {
      const end = 5 + rest.readUInt32BE(1);
      if (rest.length < end) return;
      onMessage();
      rest = rest.subarray(end);
    }
  };
}

function withoutConnection(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "connection"));
}
