import { Agent } from "node:http";
import type { Socket } from "node:net";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { LOCAL_AWS } from "../../../local/engine.ts";
import type { Script } from "./scripts.ts";

/** What one command is on the wire, in bytes, headers included. */
export interface Bytes {
  readonly sent: number;
  readonly received: number;
}

/** Sends the commands of a script once more, over one connection, and counts. Its row must be where the script begins. */
export async function bytesOf(
  { before, times }: Script,
  endpoint: string,
  commands: number,
): Promise<Bytes[]> {
  let socket: Socket | undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.on("free", (used: Socket) => (socket = used));
  const client = new DynamoDBClient({ endpoint, ...LOCAL_AWS, requestHandler: { httpAgent: agent } });
  const counted: Bytes[] = [];
  let last: Bytes = { sent: 0, received: 0 };
  for (const { input } of [...before, ...times.slice(0, commands)]) {
    // What is refused is answered, too.
    await client.send(new UpdateItemCommand(input)).catch(() => undefined);
    const { bytesWritten: sent = 0, bytesRead: received = 0 } = socket ?? {};
    counted.push({ sent: sent - last.sent, received: received - last.received });
    last = { sent, received };
  }
  client.destroy();
  return counted.slice(before.length);
}
