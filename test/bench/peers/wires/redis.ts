import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback } from "../../../../local/harness/ports.ts";
import { Ledger } from "./ledger.ts";
import type { Wire } from "./wire.ts";

/** What a client says of itself and asks of the server when it connects: no part of what a lock costs. */
const GREETINGS = new Set(["INFO", "CLIENT", "HELLO", "SELECT", "AUTH", "PING"]);

/** A wire to a Redis server. */
export async function openRedisWire(server: string): Promise<Wire> {
  const { hostname, port } = new URL(server);
  const ledger = new Ledger();
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    join(client, upstream, ledger);
  });
  const at = await listenOnLoopback(listener);
  return {
    endpoint: `redis://127.0.0.1:${at}`,
    take: () => ledger.take(),
    loseNext: (operations, how) => ledger.loseNext(operations, how),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, "close");
    },
  };
}

/** Passes on what both sides say. Whoever has an answer lost has nothing else under way, so the next that comes is that answer. */
function join(client: Socket, upstream: Socket, ledger: Ledger): void {
  let losing: "broken" | "silent" | undefined;
  const commandsIn = commandReader();
  client.on("data", (bytes) => {
    for (const command of commandsIn(bytes)) if (!GREETINGS.has(command)) losing ??= ledger.count(command);
    upstream.write(bytes);
  });
  upstream.on("data", (bytes) => {
    if (losing === undefined) client.write(bytes);
    else if (losing === "broken") client.destroy();
  });
}

/** Reads the names of commands off a stream of them: arrays of strings, each with its length before it (RESP). */
export function commandReader(): (bytes: Buffer) => string[] {
  let rest = Buffer.alloc(0);
  /** Whether the next string is the name of a command. */
  let first = false;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const names: string[] = [];
    for (;;) {
      const end = rest.indexOf("\r\n");
      if (end < 0) return names;
      const length = Number(rest.toString("latin1", 1, end)); // Of the command in strings, or of the string in bytes.
      if (rest[0] === 0x2a) {
        first = true;
        rest = rest.subarray(end + 2);
        continue;
      }
      if (rest.length < end + 4 + length) return names;
      if (first) names.push(rest.toString("latin1", end + 2, end + 2 + length).toUpperCase());
      first = false;
      rest = rest.subarray(end + 4 + length);
    }
  };
}
