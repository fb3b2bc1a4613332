import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Billing, Mandate } from "../../lambda/invoicing.ts";
import { numberPendingInvoices } from "../../lambda/invoicing.ts";
import { fenced, type Lease, LeaseClient } from "../../lib/index.ts";
import { engineClient, LOCAL_AWS } from "../../local/engine.ts";
import { judgeNumbering, readBooks } from "../../local/harness/books.ts";
import { createTable } from "../../local/tables.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";

const properties = {
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "S" },
  ],
};

const engine = engineForTests();
let billing: Billing;
let tables = 0;

beforeAll(async () => {
  await createTable(engine.client, { name: "leases", properties });
});

beforeEach(async () => {
  tables += 1;
  const tableName = `invoices-${tables}`;
  await createTable(engine.client, { name: tableName, properties });
  billing = { documents: DynamoDBDocumentClient.from(engine.client), tableName, renderMs: 0 };
});

const receive = async (...ticks: string[]): Promise<{ received: number }[]> => {
  const received: { received: number }[] = [];
  const handler = await receiver();
  for (const tick of ticks) received.push(await handler({ tick, executionId: "e" }));
  return received;
};

const mandate = (more: Partial<Mandate> = {}): Mandate => ({
  term: "term",
  tick: "2026-01-01T00:01:00Z",
  executionId: "e",
  requestId: "r",
  fence: (write) => write,
  assertHeld: () => {},
  signal: new AbortController().signal,
  ...more,
});

const FAULTLESS = { gaps: 0, duplicates: 0, problems: [] };
const books = () => readBooks(engine.client, billing.tableName);

describe("receiving invoices", () => {
  it("comes to the same, however often and in whatever order an occurrence is delivered", async () => {
    const counts = await receive("t1", "t2", "t1");
    expect(counts.map(({ received }) => received)).toEqual([6, 6, 0]);
    await numberPendingInvoices(billing, mandate());
    await receive("t2", "t1");
    expect(await books()).toMatchObject({ pending: 0, invoices: { length: 12 } });
  });
});

describe("numbering invoices", () => {
  it("stops between two invoices when it is told to, also while the mandate lasts", async () => {
    await receive("t1");
    const stop = new AbortController();
    const asked = { assertHeld: () => numbered.push(1), signal: stop.signal };
    const numbered: number[] = [];
    const fence: Mandate["fence"] = (write) => {
      if (numbered.length === 2) stop.abort();
      return write;
    };
    expect(await numberPendingInvoices(billing, mandate({ ...asked, fence }))).toEqual({ numbers: [1, 2] });
    expect(await books()).toMatchObject({ pending: 4 });
  });

  it("gives consecutive numbers, one to each", async () => {
    await receive("t1");
    expect(await numberPendingInvoices(billing, mandate({ term: "one" }))).toEqual({
      numbers: [1, 2, 3, 4, 5, 6],
    });
    await receive("t2");
    expect((await numberPendingInvoices(billing, mandate({ term: "two" }))).numbers[0]).toBe(7);
    const after = await books();
    expect(after.invoices.map(({ number }) => number).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    expect(judgeNumbering(after)).toEqual(FAULTLESS);
    expect(after.pending).toBe(0);
  });

  it("goes on where a run was cut off, wherever that was", async () => {
    await receive("t1");
    for (let cut = 0; cut <= 2; cut++) {
      let left = cut;
      const assertHeld = (): void => {
        if (left-- === 0) throw new Error("cut off");
      };
      const run = numberPendingInvoices(billing, mandate({ term: `cut-${cut}`, assertHeld }));
      await expect(run).rejects.toThrow("cut off");
    }
    expect((await books()).pending).toBe(3);
    await numberPendingInvoices(billing, mandate({ term: "last" }));
    const after = await books();
    expect([after.assignments.length, after.pending]).toEqual([6, 0]);
    expect(judgeNumbering(after)).toEqual(FAULTLESS);
  });

  it("asks whether it still may before every write", async () => {
    await receive("t1");
    let asked = 0;
    await numberPendingInvoices(billing, mandate({ assertHeld: () => void (asked += 1) }));
    expect(asked).toBe(6);
  });

  it("does not wait for its rendering when its mandate ends, and asks", async () => {
    await receive("t1");
    const signal = AbortSignal.timeout(50);
    const run = numberPendingInvoices(
      { ...billing, renderMs: 60_000 },
      mandate({ signal, assertHeld: () => signal.throwIfAborted() }),
    );
    await expect(run).rejects.toThrow(/timeout/i);
    expect((await books()).assignments).toEqual([]);
  });

  it("leaves a witness of who gave which number when", async () => {
    await receive("t1");
    await numberPendingInvoices(billing, mandate({ term: "7", token: 7 }));
    const [first] = (await books()).assignments;
    expect(first).toMatchObject({ number: 1, term: "7", token: 7, requestId: "r", executionId: "e" });
    expect(Date.parse(first?.assignedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.startedAt ?? ""));
  });

  it("writes nothing once a later term has begun", async () => {
    await receive("t1");
    const leases = new LeaseClient({ tableName: "leases", client: engine.client });
    const stale = await leases.acquire("fenced");
    const fence = fenced(stale);
    await stale.release();
    const successor = await leases.acquire("fenced");
    expect(successor.token).toBeGreaterThan(stale.token);
    const before = await books();
    const run = numberPendingInvoices(billing, mandate({ token: stale.token, fence }));
    expect(await leaseErrorOf(run, "FENCED")).toMatchObject({ lease: "fenced", token: successor.token });
    expect(await books()).toEqual(before);

    const { numbers } = await numberPendingInvoices(
      billing,
      mandate({ token: successor.token, fence: fenced(successor) }),
    );
    expect(numbers).toHaveLength(6);
    await leases.close();
  });

  it("breaks when two run at once with no fence: the check can fail", async () => {
    await receive("t1");
    const slow = { ...billing, renderMs: 20 };
    await Promise.all(["a", "b"].map((term) => numberPendingInvoices(slow, mandate({ term }))));
    expect(judgeNumbering(await books()).duplicates).toBeGreaterThan(0);
  });
});

/** The handler as deployed reads its environment when it is loaded: load it anew for each table. */
async function receiver() {
  process.env["INVOICE_TABLE_NAME"] = billing.tableName;
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = engine.endpoint;
  process.env["AWS_REGION"] = LOCAL_AWS.region;
  process.env["AWS_ACCESS_KEY_ID"] = LOCAL_AWS.credentials.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = LOCAL_AWS.credentials.secretAccessKey;
  vi.resetModules();
  return (await import("../../lambda/receive-invoices.ts")).handler;
}

describe("a numbering transaction that meets another write on the lease row", () => {
  let leases: LeaseClient;
  let lease: Lease;

  beforeEach(async () => {
    leases = new LeaseClient({ tableName: "leases", client: engine.client });
    lease = await leases.acquire(`conflicts-${tables}`);
  });

  afterEach(() => leases.close());

  /** A document client whose first transactions are cancelled, item by item for these reasons. */
  const cancelling = (times: number, codes: readonly string[], meanwhile = async () => {}) => {
    const own = engineClient(engine.endpoint);
    const sent = { times: 0 };
    own.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== "TransactWriteItemsCommand") return next(args);
        sent.times += 1;
        if (sent.times > times) return next(args);
        await meanwhile();
        throw new TransactionCanceledException({
          message: "cancelled",
          $metadata: {},
          CancellationReasons: codes.map((Code) => ({ Code })),
        });
      },
      { step: "build" },
    );
    return { sent, billing: { ...billing, documents: DynamoDBDocumentClient.from(own) } };
  };

  it("is sent again, and numbers on without a gap", async () => {
    await receive("t1");
    const two = cancelling(2, ["None", "None", "None", "None", "TransactionConflict"]);
    const { numbers } = await numberPendingInvoices(two.billing, mandate({ fence: fenced(lease) }));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
    expect(two.sent.times).toBe(8);
  });

  it("is refused when a later term has begun before it is sent again", async () => {
    await receive("t1");
    const before = await books();
    const one = cancelling(1, ["None", "None", "None", "None", "TransactionConflict"], async () => {
      await lease.release();
      await leases.acquire(lease.name);
    });
    const run = numberPendingInvoices(one.billing, mandate({ fence: fenced(lease) }));
    await leaseErrorOf(run, "FENCED");
    expect(one.sent.times).toBe(2);
    expect(await books()).toEqual(before);
  });

  it("is not sent again when the fence refused it too", async () => {
    await receive("t1");
    const refused = cancelling(1, ["TransactionConflict", "None", "None", "None", "ConditionalCheckFailed"]);
    const run = numberPendingInvoices(refused.billing, mandate({ fence: fenced(lease) }));
    await leaseErrorOf(run, "FENCED");
    expect(refused.sent.times).toBe(1);
  });
});
