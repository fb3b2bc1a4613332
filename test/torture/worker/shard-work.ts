import { setTimeout as delay } from "node:timers/promises";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { isLeaseError, type Lease } from "../../../lib/index.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { rest } from "../candidate/clients.ts";
import type { Hosted } from "../candidate/hosted.ts";
import { reportFailure } from "../candidate/leading.ts";
import { observeTerm } from "../candidate/observed-term.ts";
import type { WorkerConfig } from "./messages.ts";
import { ShardJournal, type What } from "./shard-journal.ts";

/** What the work of a shard is like, each time that it is led. */
const KINDS = [
  /** Goes on until it is asked to end. */
  ...(["stays", "stays", "stays", "stays", "stays", "stays"] as const),
  /** Returns by itself, and gives its shard up by that. */
  "returns",
  /** Throws after a while. */
  "throws",
  /** Asks nobody whether it still leads, as code that forgot to: then the fence alone keeps it honest. */
  "careless",
] as const;

/** How long work goes on that ends by itself, in ms. */
const SHORTEST_MS = 300;
const LONGEST_MS = 8_000;
const STEP_MS = 1_000;

/** What work throws that was to fail. */
const planned = new Error("this work was to fail");

/** Tells of work that threw: what was planned is counted, and everything else is a surprise. */
export function reportThrown(error: unknown, report: Hosted<WorkerConfig>["report"]): void {
  if (error === planned) report({ kind: "fault", fault: "work failed" });
  else report({ kind: "surprise", what: String((error as Error)?.stack ?? error) });
}

/**
 * Does the work of a shard: writes its begin, steps, and its end into the shard's journal, each fenced. `isCalm` says that faults are
 * over: from then on work ends when it is told to and at no other time.
 */
export async function workOn(
  lease: Lease,
  { config, chance, report }: Hosted<WorkerConfig>,
  client: DynamoDBClient,
  isCalm: () => boolean,
): Promise<void> {
  observeTerm(lease, report);
  const kind = isCalm() ? "stays" : chance.of("work/kind").pick(KINDS);
  const until =
    monotonicMs() + (kind === "stays" ? Infinity : chance.of("work/length").spread(SHORTEST_MS, LONGEST_MS));
  const journal = new ShardJournal(client, config.journalTable, config.leaseTable, lease);
  const write = (what: What): Promise<void> =>
    journal.write(what).catch((error: unknown) => reportRefusal(error, report));
  const asked = new AbortController();
  void lease.handover.then(() => asked.abort());
  const told = AbortSignal.any([asked.signal, lease.signal]);
  await write("begin");
  for (;;) {
    const isCareless = kind === "careless" && !isCalm();
    const pauseMs = chance.of("work/step").between(0.5, 1.5) * STEP_MS;
    await (isCareless ? delay(pauseMs) : rest(pauseMs, told));
    const isDue = monotonicMs() >= until && !isCalm();
    if (isDue || (!isCareless && told.aborted)) break;
    await write("step");
  }
  if (kind === "throws" && !told.aborted) throw planned;
  if (kind === "careless" || lease.isHeld()) await write("end");
}

/** A refusal by the fence says that the term is over, which the next look at the lease will tell, too. */
function reportRefusal(error: unknown, report: Hosted<WorkerConfig>["report"]): void {
  if (isLeaseError(error, "FENCED")) report({ kind: "event", event: "FENCED" });
  else reportFailure(error, report);
}
