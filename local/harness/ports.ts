import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Lets a server listen on a loopback port, a free one unless it is named, and says which. */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  await once(server.listen(port, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

/**
 * A port that was free a moment ago.
 * @param wanted this one, or any
 * @throws the operating system's error when that one is taken
 */
export async function freePort(wanted?: number): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, wanted);
  server.close();
  await once(server, "close");
  return port;
}
