import { createServer, request } from "node:http";
import { answer, bad, type Local, listening, operationOf } from "./aws-server.ts";

/** A write that a throttling proxy has been asked to pass on. */
export interface AskedWrite {
  /** The name of the lease or group that it is about. */
  readonly name: string;
  /** The row's sort key. */
  readonly row: string;
  /** Its own id, where it has one. */
  readonly writeId: string | undefined;
  /** How often this proxy has seen a write of this id before. */
  readonly before: number;
}

/** What becomes of it. A write that is `drop`ped is executed, and its connection is cut instead of an answer. */
export type WriteFate = "pass" | "throttle" | "drop";

/** A proxy that throttles, and what it has seen. */
export interface ThrottlingServer extends Local {
  /** Each write that it was asked to pass on. */
  readonly writes: AskedWrite[];
  /** How many of them it has throttled. */
  readonly throttled: () => number;
}

/**
 * Starts a proxy in front of an engine, which answers some writes as DynamoDB does when a partition key has no throughput left. What it
 * answers so never reaches the engine.
 */
export async function throttling(
  engine: string,
  fateOf: (write: AskedWrite) => WriteFate,
): Promise<ThrottlingServer> {
  const asked: string[] = [];
  const writes: AskedWrite[] = [];
  const seen = new Map<string, number>();
  let throttled = 0;
  const server = createServer((incoming, response) => {
    const operation = operationOf(incoming);
    asked.push(operation);
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      let fate: WriteFate = "pass";
      if (operation === "UpdateItem") {
        const write = writeOf(body.toString(), seen);
        writes.push(write);
        fate = fateOf(write);
        if (fate === "throttle") {
          throttled += 1;
          answer(response, bad("ProvisionedThroughputExceededException", "slow down"));
          return;
        }
      }
      const { method, headers } = incoming;
      const onward = request(engine, { method, headers }, (answered) => {
        if (fate === "drop") {
          answered.resume().on("end", () => incoming.socket.destroy());
          return;
        }
        response.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.pipe(response);
      });
      onward.on("error", () => incoming.socket.destroy());
      onward.end(body);
    });
  });
  const local = await listening(server, asked);
  return Object.assign(local, { writes, throttled: () => throttled });
}

/** Throttles what is more than so many writes in any second, as DynamoDB does with one partition key. */
export function above(writesPerSecond: number): () => WriteFate {
  const passed: number[] = [];
  return () => {
    const now = performance.now();
    while ((passed[0] ?? Infinity) <= now - 1_000) passed.shift();
    if (passed.length >= writesPerSecond) return "throttle";
    passed.push(now);
    return "pass";
  };
}

function writeOf(body: string, seen: Map<string, number>): AskedWrite {
  const { Key, UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues } = JSON.parse(body);
  const [placeholder] =
    Object.entries(ExpressionAttributeNames).find(([, attribute]) => attribute === "writeId") ?? [];
  const [, value] = new RegExp(`${placeholder} = (:\\d+)`).exec(UpdateExpression) ?? [];
  const writeId: string | undefined = ExpressionAttributeValues[value ?? ""]?.S;
  const before = seen.get(writeId ?? "") ?? 0;
  if (writeId !== undefined) seen.set(writeId, before + 1);
  return { name: Key.pk.S, row: Key.sk.S, writeId, before };
}
