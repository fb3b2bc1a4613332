import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { putFenced } from "../../examples/fencing/s3.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { Gate } from "../support/probe-store.ts";
import { objectStore } from "./fencing-servers.ts";

/** Two terms of one lease. */
const OLD = { name: "job", token: 5 };
const NEW = { name: "job", token: 9 };

describe("the S3 recipe", () => {
  async function bucket() {
    const store = await objectStore();
    const clients: S3Client[] = [];
    /** A process that writes; with a gate, one that is paused between its reading and its first PUT. */
    const put = (term: typeof OLD, content: string, beforePut?: Gate): Promise<void> => {
      const s3 = new S3Client({ ...LOCAL_AWS, endpoint: store.endpoint, forcePathStyle: true });
      clients.push(s3);
      s3.middlewareStack.add(
        (next, context) => async (args) => {
          if (context["commandName"] === "PutObjectCommand") await beforePut?.pass();
          return next(args);
        },
        { step: "initialize" },
      );
      return putFenced(s3, term, { Bucket: "b", Key: "report", content });
    };
    return {
      store,
      put,
      content: () => store.objects.get("b/report")?.content,
      async [Symbol.asyncDispose]() {
        for (const client of clients) client.destroy();
        await store[Symbol.asyncDispose]();
      },
    };
  }

  it("creates and replaces under rising tokens, and refuses a lower one", async () => {
    await using world = await bucket();
    await world.put(OLD, "one");
    await world.put(OLD, "two");
    await world.put(NEW, "three");
    const error = await leaseErrorOf(world.put(OLD, "late"), "FENCED");
    expect(error.message).toContain("token 9");
    expect(world.content()).toBe("9\nthree");
  });

  it.each(["creates", "replaces"])(
    "refuses a predecessor that paused after it had read, when its successor %s the object",
    async (what) => {
      await using world = await bucket();
      if (what === "replaces") await world.put(OLD, "one");
      const before = new Gate();
      const late = leaseErrorOf(world.put(OLD, "late", before), "FENCED");
      await before.reached;
      await world.put(NEW, "newer");
      before.open();
      await late;
      expect(world.content()).toBe("9\nnewer");
    },
  );

  it("refuses it also when the successor wrote the very same content over its own", async () => {
    await using world = await bucket();
    await world.put(OLD, "same");
    const before = new Gate();
    const late = leaseErrorOf(world.put(OLD, "late", before), "FENCED");
    await before.reached;
    await world.put(NEW, "same");
    before.open();
    await late;
    expect(world.content()).toBe("9\nsame");
    expect(world.store.objects.get("b/report")?.meta).toEqual({ "x-amz-meta-token": "9" });
  });

  it("tries again where another write is under way at the same time", async () => {
    await using world = await bucket();
    const underWay = new Gate();
    world.store.onPut = () => underWay.pass();
    const first = world.put(OLD, "one");
    await underWay.reached;
    world.store.onConflict = () => underWay.open();
    await world.put(NEW, "two");
    await first;
    expect(world.content()).toBe("9\ntwo");
  });

  it("tries again where the object went away, and gives up in the end", async () => {
    await using world = await bucket();
    await world.put(OLD, "one");
    let puts = 0;
    world.store.onPut = async () => {
      puts += 1;
      if (puts === 1) world.store.objects.delete("b/report");
    };
    await world.put(NEW, "two");
    expect([puts, world.content()]).toEqual([2, "9\ntwo"]);

    world.store.onPut = async () => {
      world.store.objects.set("b/report", { content: "", etag: `"${(puts += 1)}"`, meta: {} });
    };
    await expect(world.put(NEW, "three")).rejects.toMatchObject({ name: "PreconditionFailed" });
    expect(puts).toBe(7);
  });
});
