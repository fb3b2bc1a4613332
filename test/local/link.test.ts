import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fate, NetworkFault } from "../../local/harness/faults.ts";
import { type Exchange, Link } from "../../local/harness/link.ts";
import { listenOnLoopback } from "../../local/harness/ports.ts";

const REQUEST =
  'POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.UpdateItem\r\nContent-Length: 10\r\n\r\n{"n":1234}';

/** What a client sees of one connection until it has been quiet for a while. */
interface Seen {
  readonly text: string;
  readonly ended: "open" | "closed" | "reset";
}

describe("a link to a tiny engine", () => {
  /** The bodies that reached the engine, and when. */
  const reached: { readonly body: string; readonly at: number }[] = [];
  const injected: NetworkFault[] = [];
  const exchanged: Exchange[] = [];
  const troubles: unknown[] = [];
  let stack = new AsyncDisposableStack();
  let fate: Fate;
  let link: Link;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    for (const list of [reached, injected, exchanged, troubles]) list.length = 0;
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        reached.push({ body, at: performance.now() });
        response.setHeader("date", "Thu, 01 Jan 1970 00:00:00 GMT").end(`answer ${reached.length}`);
      });
    });
    link = await Link.open({
      engine: `http://127.0.0.1:${await listenOnLoopback(server)}`,
      traffic: { fateOf: () => fate, onExchange: (exchange) => exchanged.push(exchange) },
      onFault: (fault) => injected.push(fault),
      onTrouble: (error) => troubles.push(error),
    });
    stack.defer(async () => {
      await link.close();
      server.closeAllConnections();
      server.close();
    });
  });
  afterEach(async () => {
    await stack.disposeAsync();
    expect(troubles).toEqual([]);
  });

  const struckBy = (fault: NetworkFault | undefined, more: Partial<Fate> = {}): void => {
    fate = { fault, ...more };
  };
  const dial = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(link.endpoint).port), "127.0.0.1");
    await once(socket, "connect");
    stack.defer(() => void socket.destroy());
    return socket;
  };
  const dateIn = (text: string): string | undefined => /^date: (.*?)\r$/im.exec(text)?.[1];
  const ask = async (quietMs = 400, socket?: Socket): Promise<Seen> => {
    const line = socket ?? (await dial());
    let text = "";
    let ended: Seen["ended"] = "open";
    line.on("data", (chunk: Buffer) => (text += chunk.toString()));
    line.on("error", () => (ended = "reset"));
    line.on("close", () => (ended = ended === "reset" ? ended : "closed"));
    line.write(REQUEST);
    await delay(quietMs);
    return { text, ended };
  };

  it("passes requests on untouched, one after the other on one connection, and tells of each", async () => {
    struckBy(undefined);
    const socket = await dial();
    const first = await ask(400, socket);
    const second = await ask(400, socket);
    expect(first.text).toMatch(/^HTTP\/1.1 200 OK[^]*answer 1$/);
    expect(second.text).toMatch(/answer 2$/);
    expect(reached.map(({ body }) => body)).toEqual(['{"n":1234}', '{"n":1234}']);
    expect(exchanged.map(({ arrival }) => arrival)).toEqual(["in time", "in time"]);
    expect(exchanged[0]?.answer.toString()).toBe("answer 1");
    expect(injected).toEqual([]);
  });

  it("answers by a front end's clock that is off by what was drawn", async () => {
    struckBy(undefined, { frontEndMs: 3_600_000 });
    const { text } = await ask();
    const ahead = Date.parse(dateIn(text) ?? "") - Date.now();
    expect(ahead).toBeGreaterThan(3_590_000);
    expect(ahead).toBeLessThanOrEqual(3_600_000);
  });

  it.each<[NetworkFault, number, Seen["ended"]]>([
    ["lost request", 0, "closed"],
    ["hung request", 0, "open"],
    ["reset before", 0, "reset"],
    ["lost response", 1, "closed"],
    ["hung response", 1, "open"],
  ])(
    "%s: the engine sees %i requests, the candidate no answer and its connection %s",
    async (fault, n, ended) => {
      struckBy(fault);
      const seen = await ask();
      expect(seen).toEqual({ text: "", ended });
      expect(reached).toHaveLength(n);
      expect(exchanged).toHaveLength(n);
      expect(injected).toEqual([fault]);
    },
  );

  it("reset after: the engine sees the request, the candidate half an answer at most, and the end of its connection", async () => {
    struckBy("reset after");
    const seen = await ask();
    // A reset on the heels of data can reach the reader as a plain end.
    expect(["reset", "closed"]).toContain(seen.ended);
    expect(seen.text).not.toContain("answer 1");
    expect(reached).toHaveLength(1);
  });

  it("delayed: both ways take the time that was drawn", async () => {
    struckBy("delayed", { waitMs: 120, answerWaitMs: 120 });
    const began = performance.now();
    expect((await ask(180)).text).toBe("");
    expect((reached[0]?.at ?? 0) - began).toBeGreaterThanOrEqual(119);
    await delay(200);
    expect(injected).toEqual(["delayed"]);
  });

  it("late: the request reaches the engine though its sender has gone, and the answer reaches nobody", async () => {
    struckBy("late", { waitMs: 200 });
    const socket = await dial();
    expect((await ask(50, socket)).text).toBe("");
    socket.destroy();
    expect(reached).toHaveLength(0);
    await delay(300);
    expect(reached).toHaveLength(1);
    expect(exchanged.map(({ arrival }) => arrival)).toEqual(["late"]);
  });

  it("duplicated: the request is answered once and reaches the engine twice", async () => {
    struckBy("duplicated", { duplicateAfterMs: 150 });
    const seen = await ask(80);
    expect(seen.text).toMatch(/answer 1$/);
    expect(reached).toHaveLength(1);
    await delay(250);
    expect(reached.map(({ body }) => body)).toEqual(['{"n":1234}', '{"n":1234}']);
    expect(exchanged.map(({ arrival }) => arrival)).toEqual(["in time", "duplicate"]);
    expect(seen.text).not.toContain("answer 2");
  });

  it("split: small pieces both ways come to the same bytes", async () => {
    struckBy("split", { pieceSizes: [1, 2, 3, 30, 1] });
    expect((await ask(250)).text).toMatch(/^HTTP\/1.1 200 OK[^]*answer 1$/);
    expect(reached.map(({ body }) => body)).toEqual(['{"n":1234}']);
  });

  it.each<[NetworkFault, number, number]>([
    ["server error", 500, 1],
    ["throttled", 400, 0],
  ])("%s: answered with %i after the engine saw %i requests", async (fault, status, n) => {
    struckBy(fault);
    const { text, ended } = await ask();
    expect([Number(text.split(" ", 2)[1]), ended]).toEqual([status, "open"]);
    expect(reached).toHaveLength(n);
  });

  it("no date: the answer has no Date header", async () => {
    struckBy("no date");
    const { text } = await ask();
    expect(text).toContain("answer 1");
    expect(text.toLowerCase()).not.toContain("date:");
  });

  it("slow: every answer is late, until it is joined again", async () => {
    struckBy(undefined);
    link.slow(200);
    const socket = await dial();
    expect((await ask(100, socket)).text).toBe("");
    expect(reached).toHaveLength(1);
    await delay(200);
    link.join();
    expect((await ask(100)).text).toContain("answer 2");
  });

  it("cut off: nothing comes through and nothing is refused, until it is joined again", async () => {
    struckBy(undefined);
    link.cut();
    expect(await ask()).toEqual({ text: "", ended: "open" });
    expect(reached).toHaveLength(0);
    link.join();
    expect((await ask()).text).toContain("answer 1");
  });

  it("closed: it drops what was held back and every connection", async () => {
    struckBy("late", { waitMs: 5_000 });
    const socket = await dial();
    await ask(50, socket);
    const closed = once(socket, "close");
    await link.close();
    await closed;
    expect(reached).toHaveLength(0);
  });
});
