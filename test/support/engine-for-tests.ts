import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { type Engine, engineClient, startEngine } from "../../local/engine.ts";
import { createLeaseTable } from "./lease-tables.ts";

/**
 * An engine for the tests of one file, or of the describe that calls this, with these lease tables. It is
 * there from the first test on, in each `beforeAll` that follows the call, too, and gone after the last: the
 * last that is registered is closed first, so what the caller's `afterAll` closes still finds it.
 */
export function engineForTests(...tables: string[]): {
  readonly endpoint: string;
  /** Destroyed with the engine. */
  readonly client: DynamoDBClient;
} {
  let engine: Engine | undefined;
  let client: DynamoDBClient | undefined;
  beforeAll(async () => {
    engine = await startEngine();
    client = engineClient(engine.endpoint);
    for (const table of tables) await createLeaseTable(client, table);
  });
  afterAll(async () => {
    client?.destroy();
    await engine?.stop();
  });
  return {
    get endpoint() {
      return started(engine).endpoint;
    },
    get client() {
      return started(client);
    },
  };
}

function started<T>(what: T | undefined): T {
  if (what === undefined)
    throw new Error("The engine starts before the first test: ask for it in a test or in a hook");
  return what;
}
