import { DeleteItemCommand, type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { type Lease, LeaseClient } from "../../../lib/index.ts";
import type { Recorded } from "./recording.ts";
import { COMMANDS, type Operation, type Script } from "./scripts.ts";
import type { Stub } from "./stub.ts";

/** Where an operation is done. */
export interface Place {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** What answers in place of an engine. */
  readonly stub?: Stub | undefined;
}

/** One way to do one operation, many times over. */
export interface Contender {
  /** Brings everything to where the operation can begin. */
  prepare(): Promise<void>;
  once(): Promise<unknown>;
  /** Gives up what `prepare` took. */
  finish(): Promise<void>;
}

/** Long enough that nothing runs out while it is measured, in ms. */
const durationMs = 3_600_000;
const LEASE = "bench";

/** This package does it. A stub answers as the script says. */
export function leaseholdDoes(operation: Operation, place: Place, script?: Script): Contender {
  const { client, table: tableName } = place;
  const leases = new LeaseClient({ tableName, client, durationMs });
  const rival = new LeaseClient({ tableName, client, durationMs });
  let held: Lease | undefined;
  const ways: Readonly<Record<Operation, Pick<Contender, "prepare" | "once">>> = {
    "acquire and release": {
      prepare: async () => undefined,
      once: async () => (await leases.acquire(LEASE)).release(),
    },
    renew: {
      prepare: async () => void (held = await leases.acquire(LEASE, { renew: "manual" })),
      once: () => (held as Lease).renew(),
    },
    refusal: {
      prepare: async () => void (held = await rival.acquire(LEASE, { renew: "manual" })),
      once: () => leases.tryAcquire(LEASE),
    },
  };
  const { prepare, once } = ways[operation];
  return {
    prepare: () => prepared(place, "lease", script, prepare),
    once,
    finish: async () => void (await held?.release()),
  };
}

/** The same client sends the commands of a script. */
export function bareDoes(operation: Operation, place: Place, script: Script, row: string): Contender {
  const { client } = place;
  const commands = COMMANDS[operation];
  let next = 0;
  const send = ({ input, answer }: Recorded): Promise<unknown> => {
    const sent = client.send(new UpdateItemCommand(input));
    return answer.statusCode === 200 ? sent : sent.catch(onlyRefused);
  };
  return {
    prepare: () =>
      prepared(place, row, script, async () => {
        next = 0;
        for (const recorded of script.before) await send(recorded);
      }),
    once: async () => {
      for (let sent = 0; sent < commands; sent += 1) {
        await send(script.times[next % script.times.length] as Recorded);
        next += 1;
      }
    },
    finish: async () => undefined,
  };
}

/** Begins without a row, or has the stub answer as if. */
async function prepared(
  { client, table, stub }: Place,
  row: string,
  script: Script | undefined,
  prepare: () => Promise<void>,
): Promise<void> {
  if (stub === undefined) {
    await client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: LEASE }, sk: { S: row } } }));
    return prepare();
  }
  const { before = [], times = [] } = script ?? {};
  stub.answerWith(before.map(({ answer }) => answer));
  await prepare();
  stub.answerWith(times.map(({ answer }) => answer));
}

function onlyRefused(error: unknown): void {
  if (!(error instanceof Error) || error.name !== "ConditionalCheckFailedException") throw error;
}
