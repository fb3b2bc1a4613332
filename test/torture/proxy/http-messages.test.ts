import { describe, expect, it } from "vitest";
import { Framer, headerOf, jsonResponse, operationOf, statusOf, withHeader } from "./http-messages.ts";

const PLAIN =
  'POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.UpdateItem\r\nContent-Length: 7\r\n\r\n{"a":1}';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: now\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n';

describe("a framer", () => {
  it.each([
    ["a length", PLAIN],
    ["chunks", CHUNKED],
  ])("finds the boundaries of messages with %s, however the bytes are cut", (_, text) => {
    const bytes = Buffer.from(text + text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const framer = new Framer();
      const found = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...framer.push(bytes.subarray(at, at + size)));
      expect(found.map((message) => message.bytes.toString())).toEqual([text, text]);
      expect(found.map((message) => message.body.toString())).toEqual(['{"a":1}', '{"a":1}']);
      expect(framer.midway).toBe(false);
    }
  });

  it("keeps half a message to itself", () => {
    const framer = new Framer();
    expect(framer.push(Buffer.from(PLAIN.slice(0, -1)))).toEqual([]);
    expect(framer.midway).toBe(true);
  });
});

describe("a message", () => {
  const [request] = new Framer().push(Buffer.from(PLAIN));
  const [answer] = new Framer().push(Buffer.from(CHUNKED));
  if (request === undefined || answer === undefined) throw new Error("not whole");

  it("names its operation and its status", () => {
    expect(operationOf(request.head)).toBe("UpdateItem");
    expect(operationOf("GET / HTTP/1.1\r\nHost: h")).toBe("");
    expect(statusOf(answer.head)).toBe(200);
  });

  it("has one header replaced or removed and every other byte kept", () => {
    expect(withHeader(answer, "date", "later").toString()).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ndate: later\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n',
    );
    const [bare] = new Framer().push(withHeader(answer, "date", undefined));
    expect(headerOf(bare?.head ?? "", "date")).toBeUndefined();
    expect(bare?.body.toString()).toBe('{"a":1}');
  });

  it("is made whole for an answer of our own", () => {
    const [made] = new Framer().push(jsonResponse("500 Internal Server Error", { message: "ö" }));
    expect(statusOf(made?.head ?? "")).toBe(500);
    expect(JSON.parse(made?.body.toString() ?? "")).toEqual({ message: "ö" });
  });
});
