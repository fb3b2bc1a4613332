import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateTableCommand,
  DescribeTableCommand,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { type Answer, ask, customEndpoint, type Ground, why } from "../doctor/ask.ts";
import type { Finding } from "../doctor/finding.ts";
import { compareTable } from "../doctor/table.ts";
import { CommandFailure } from "../failure.ts";
import type { TableRequests } from "./requests.ts";

/** How long the service may take to make a table, in ms, and how often to look. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 1_000;

/** What came of it, as `--json` prints it. */
export interface Created {
  readonly kind: "created" | "already-there" | "different";
  /** The table's name. */
  readonly table: string;
  readonly arn: string | null;
  /** What this engine does not have, and was left out. */
  readonly leftOut: readonly string[];
  /** What differs from a `LeaseTable`. */
  readonly differs: readonly Finding[];
}

/**
 * Makes a lease table, or sees whether the one that is there fits. Resolves once it is active.
 * @throws {CommandFailure} when it may not or cannot be made
 */
export async function createTable(
  ground: Ground,
  requests: TableRequests,
  endpointOption: string | undefined,
): Promise<Created> {
  const { client, shortName: table } = ground;
  const made = await ask((options) => client.send(new CreateTableCommand(requests.CreateTable), options));
  const isThere = made.kind === "refused" && made.error.name.startsWith("ResourceInUse");
  if (made.kind !== "answered" && !isThere) throw notMade(table, "dynamodb:CreateTable", made);
  const description = await untilActive(ground);
  const arn = description.TableArn ?? null;
  if (isThere) {
    const differs = (await compareTable(ground, description)).filter(
      ({ level }) => level === "fault" || level === "warning",
    );
    return { kind: differs.length === 0 ? "already-there" : "different", table, arn, leftOut: [], differs };
  }
  const local = customEndpoint(endpointOption) !== undefined;
  const leftOut: string[] = [];
  const settings = [
    ["TTL", "dynamodb:UpdateTimeToLive", () => new UpdateTimeToLiveCommand(requests.UpdateTimeToLive)],
    [
      "point-in-time recovery",
      "dynamodb:UpdateContinuousBackups",
      () => new UpdateContinuousBackupsCommand(requests.UpdateContinuousBackups),
    ],
  ] as const;
  for (const [what, action, command] of settings) {
    const set = await setting(() =>
      ask((options) => client.send(command() as UpdateTimeToLiveCommand, options)),
    );
    // Only an engine that is none of AWS's may lack what a lease table has.
    if (set.kind === "unknown" && local) leftOut.push(what);
    else if (set.kind !== "answered") throw notMade(`${table}, which was made without ${what},`, action, set);
  }
  return { kind: "created", table, arn, leftOut, differs: [] };
}

/** Backups of a table that was made a moment ago are not there yet, and a setting that is being changed has to come to rest. */
async function setting(send: () => Promise<Answer<unknown>>): Promise<Answer<unknown>> {
  for (let from = performance.now(); ; await sleep(LOOK_MS)) {
    const answer = await send();
    const isEarly =
      answer.kind === "refused" && /^(ContinuousBackupsUnavailable|ResourceInUse)/.test(answer.error.name);
    if (!isEarly || performance.now() - from > PATIENCE_MS) return answer;
  }
}

async function untilActive({ client, tableName: TableName }: Ground): Promise<TableDescription> {
  for (let from = performance.now(); ; await sleep(LOOK_MS)) {
    const got = await ask((options) => client.send(new DescribeTableCommand({ TableName }), options));
    const table = got.kind === "answered" ? (got.output.Table ?? {}) : undefined;
    if (table?.TableStatus === "ACTIVE") return table;
    // Right after it was made a table may not be seen everywhere.
    const mayCome =
      table !== undefined || (got.kind === "refused" && got.error.name.startsWith("ResourceNotFound"));
    if (got.kind !== "answered" && !mayCome) throw notMade(TableName, "dynamodb:DescribeTable", got);
    if (performance.now() - from > PATIENCE_MS) {
      throw new CommandFailure(
        `table "${TableName}" is ${table?.TableStatus ?? "not there"} after five minutes; look at it with leasehold doctor`,
      );
    }
  }
}

function notMade(
  table: string,
  action: string,
  { kind, error }: Exclude<Answer<unknown>, { kind: "answered" }>,
): CommandFailure {
  const hint =
    kind === "denied" ? `allow ${action}` : "see to it, and run this again or look with leasehold doctor";
  return new CommandFailure(`table ${table} could not be set up: ${hint} (${why(error)})`, undefined, {
    cause: error,
  });
}
