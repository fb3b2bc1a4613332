import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Framer, type Message } from "./http-messages.ts";

/** Where an engine listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An engine that is silent for so long is broken, which is nobody's plan. */
const PATIENCE_MS = 30_000;

/**
 * Sends one request to the engine and returns its answer. Each has a connection of its own, so that behind the
 * proxy nothing is ever lost, late or out of order but by plan. `pieceSizes` sends it in pieces.
 * @throws {Error} when the engine does not answer
 */
export function askEngine(
  address: Address,
  request: Buffer,
  pieceSizes: readonly number[] = [],
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const framer = new Framer();
    const settle = (): void => {
      clearTimeout(patience);
      socket.destroy();
    };
    const fail = (why: string, cause?: unknown): void => {
      settle();
      reject(new Error(`the engine at ${address.host}:${address.port} ${why}`, { cause }));
    };
    const patience = setTimeout(() => fail(`did not answer within ${PATIENCE_MS} ms`), PATIENCE_MS);
    socket.setNoDelay(true);
    socket.on("error", (error) => fail("broke off", error));
    socket.on("close", () => fail("closed without an answer"));
    socket.on("data", (chunk) => {
      const [answer] = framer.push(chunk);
      if (answer === undefined) return;
      settle();
      resolve(answer);
    });
    void writeInPieces(socket, request, pieceSizes);
  });
}

/** What bytes can be written to. */
interface Writable {
  readonly writable: boolean;
  write(bytes: Buffer): unknown;
}

/** Writes bytes in pieces of the given sizes, each after a moment of its own, and the rest at once. */
export async function writeInPieces(
  target: Writable,
  bytes: Buffer,
  sizes: readonly number[],
): Promise<void> {
  let at = 0;
  for (const size of sizes) {
    if (at + size >= bytes.length || !target.writable) break;
    target.write(bytes.subarray(at, at + size));
    at += size;
    await delay(1);
  }
  if (target.writable) target.write(bytes.subarray(at));
}
