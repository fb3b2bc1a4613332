import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { isList, isObject, type Json } from "../assembly/template.ts";

/** What storage made of a transaction. */
export type Verdict = "accepted" | "fenced" | "failed";

/** What may happen to a message on its way. */
export type Fate = "deliver" | "lose";

/** Sees the transactions of one environment pass, and may hold or lose them: the network's misbehaviour. */
export interface Traffic {
  /** A transaction was sent and has not reached storage. Resolves when it may go on. */
  sent(): Promise<Fate>;
  /** Storage has answered and the answer has not reached the sender. */
  answered(verdict: Verdict): Fate;
}

/** The way from one environment to DynamoDB. */
export interface Gateway extends AsyncDisposable {
  /** Where the environment reaches it. */
  readonly endpoint: string;
}

const TRANSACTION = "DynamoDB_20120810.TransactWriteItems";

/** Opens a way to the engine on a loopback port of its own. Every request passes unchanged, its answer too. */
export async function openGateway(engine: string, traffic: Traffic): Promise<Gateway> {
  const target = new URL(engine);
  if (target.protocol !== "http:")
    throw new Error(`the DynamoDB endpoint must be an http address, not ${engine}`);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing, { target, agent, traffic }).catch(() => outgoing.destroy());
  });
  // Longer than an environment stands still, since a closed connection would cost it a request.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Route {
  readonly target: URL;
  readonly agent: Agent;
  readonly traffic: Traffic;
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, route: Route): Promise<void> {
  const watched = incoming.headers["x-amz-target"] === TRANSACTION;
  const body = await buffer(incoming);
  if (watched && (await route.traffic.sent()) === "lose") return void outgoing.destroy();
  const answer = await forward(incoming, body, route);
  const content = await buffer(answer);
  const status = answer.statusCode ?? 502;
  if (watched && route.traffic.answered(verdictOf(status, content)) === "lose")
    return void outgoing.destroy();
  // The service's own Date header passes; the gateway adds none.
  outgoing.sendDate = false;
  outgoing.writeHead(status, answer.headers).end(content);
}

function forward(
  incoming: IncomingMessage,
  body: Buffer,
  { target, agent }: Route,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method = "POST", url = "/", headers } = incoming;
    const options = { host: target.hostname, port: target.port, agent, method, path: url, headers };
    request(options, resolve).once("error", reject).end(body);
  });
}

/** Reads an answer to `TransactWriteItems`. The job's only conditions are its fence. */
export function verdictOf(status: number, content: Buffer): Verdict {
  if (status === 200) return "accepted";
  const body = parseObject(content.toString("utf8"));
  const reasons = body["CancellationReasons"];
  const refused = (reason: Json): boolean => isObject(reason) && reason["Code"] === "ConditionalCheckFailed";
  return isList(reasons) && reasons.some(refused) ? "fenced" : "failed";
}

function parseObject(text: string): { readonly [key: string]: Json } {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
