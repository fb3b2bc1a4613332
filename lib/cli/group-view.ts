import type { GroupStatus, WorkerInfo } from "../core/group-view.ts";
import type { LeaseState } from "../core/record.ts";
import type { Column } from "./fitting.ts";
import {
  agoOf,
  holderOf,
  isFreed,
  isoOf,
  type LeaseJson,
  leftOf,
  requestOf,
  reserved,
  shownState,
  toJson,
} from "./lease-view.ts";
import type { Output } from "./output.ts";
import { howMany, printable } from "./text.ts";

/** A worker as `--json` prints it, or another process that holds shards. */
export interface WorkerJson {
  /** The holder of its shards. */
  readonly id: string;
  /** Whether it takes part in the assignment. */
  readonly isWorker: boolean;
  /** How many shards it leads. */
  readonly shards: number;
  /** How many it should lead; `null` for one that is no worker. */
  readonly share: { readonly floor: number; readonly ceiling: number } | null;
  readonly weight: number;
  /** How many it leads at most; `null` for any number. */
  readonly maxShards: number | null;
  /** When its session began. */
  readonly since: string | null;
  /** When its session ends unless renewed. */
  readonly expiresAt: string | null;
  readonly remainingMs: number | null;
}

/** A group as `--json` prints it. */
export interface GroupJson {
  readonly name: string;
  readonly workers: readonly WorkerJson[];
  readonly shards: readonly LeaseJson[];
  /** The names of those that nobody leads. */
  readonly unled: readonly string[];
  /** Whether somebody works, every worker leads its share, and none of `unled` could be taken by one of them. */
  readonly balanced: boolean;
  /** Which shards their holders were asked to hand over, and by whom; "" for an operator who named no successor. */
  readonly requests: readonly { readonly shard: string; readonly holder: string; readonly by: string }[];
}

/** Makes a group readable for programs. `now` is epoch ms in service time. */
export function groupJson(status: GroupStatus, now: number): GroupJson {
  const { name, workers, shards, unled, balanced } = status;
  return {
    name,
    workers: workers.map((worker) => workerJson(worker, now)),
    shards: shards.map((shard) => toJson(shard, now)),
    unled,
    balanced,
    requests: requestsOf(status).map(({ shard = "", holder, requestedBy: by = "" }) => ({
      shard,
      holder,
      by,
    })),
  };
}

/** Makes a worker readable for programs. */
export function workerJson({ id, isWorker, ...worker }: WorkerInfo, now: number): WorkerJson {
  const { shards, share, weight, maxShards = null, since, expiresAt } = worker;
  return {
    id,
    isWorker,
    shards,
    share: share === undefined ? null : { floor: share.floor, ceiling: share.ceiling },
    weight,
    maxShards,
    since: isoOf(since),
    expiresAt: isoOf(expiresAt),
    remainingMs: expiresAt === undefined ? null : expiresAt - now,
  };
}

type Held = Extract<LeaseState, { kind: "held" }>;

/** The shards whose holders were asked to hand over. */
function requestsOf({ shards }: GroupStatus): Held[] {
  return shards.filter((one): one is Held => one.kind === "held" && one.requestedBy !== undefined);
}

/** How many are named in one line; told how many there are besides. */
const NAMED = 10;

/** Writes some of many, and how many there are besides. */
function some(texts: readonly string[]): string {
  const more = texts.length - NAMED;
  const named = texts.slice(0, NAMED).join(", ");
  return more <= 0 ? named : `${named}, and ${more} more`;
}

/** Said where nobody has named the shards that there should be: those that were never led are in no count then. */
export const KNOWN_ONLY = "known to the table (--want tells of others)";

/** Tells of a group in a few lines: how many take part, whether the shards are shared fairly, what nobody leads, who was asked. */
function factsOfGroup(output: Output, status: GroupStatus, isAll: boolean): [title: string, text: string][] {
  const { name, shards, unled, workers } = status;
  const { colours } = output;
  const working = workers.filter(({ isWorker }) => isWorker).length;
  const others = workers.length - working;
  const besides = others === 0 ? "" : `, and ${howMany(others, "holder")} besides`;
  const isKnown = shards.length > 0 || workers.length > 0;
  const requests = requestsOf(status).map(
    ({ shard = "", holder, requestedBy = "" }) =>
      `${printable(shard)} of ${printable(holder)} ${requestOf(requestedBy)}`,
  );
  const count = isAll ? String(shards.length) : `${shards.length} ${KNOWN_ONLY}`;
  const facts: [string, string][] = [
    ["group", printable(name)],
    ["workers", `${working}${besides}`],
    ["shards", isKnown ? count : "none: the table knows nothing of this group"],
    ["balance", balanceOf(output, status)],
  ];
  if (unled.length > 0)
    facts.push(["without a leader", colours.red(`${unled.length}: ${some(unled.map(printable))}`)]);
  if (requests.length > 0) facts.push(["asked to hand over", `${requests.length}: ${some(requests)}`]);
  return facts;
}

/** Says in one line whether the shards are shared as they should be, and what is missing. */
export function balanceOf({ colours }: Output, { workers, balanced, unled }: GroupStatus): string {
  const off = workers.flatMap(({ id, shards, share }) =>
    share === undefined || (shards >= share.floor && shards <= share.ceiling)
      ? []
      : [`${printable(id)} leads ${shards} of ${shareOf(share)}`],
  );
  if (!workers.some(({ isWorker }) => isWorker)) return "no worker runs";
  if (balanced)
    return unled.length === 0
      ? colours.green("every worker leads its share")
      : colours.yellow("every worker leads as many as it may");
  // Shares are rarely whole: each may lead one of its own, and one is still to be taken.
  return colours.yellow(`not yet: ${off.length > 0 ? some(off) : "a worker has room for what nobody leads"}`);
}

const shareOf = ({ floor, ceiling }: NonNullable<WorkerInfo["share"]>): string =>
  floor === ceiling ? String(floor) : `${floor}..${ceiling}`;

const WORKER_COLUMNS: readonly Column[] = [
  { title: "WORKER", least: 12 },
  { title: "SHARDS" },
  { title: "SHARE" },
  { title: "WEIGHT", leftOut: 2 },
  { title: "AT MOST", leftOut: 3 },
  { title: "SINCE", leftOut: 1 },
  { title: "SESSION", leftOut: 4 },
];

/** Draws who takes part, a line each. */
function tableOfWorkers(output: Output, { workers }: GroupStatus, now: number): string {
  const { colours } = output;
  const rows = workers.map(({ id, isWorker, shards, share, weight, maxShards, since, expiresAt }) => {
    const isFair = share === undefined || (shards >= share.floor && shards <= share.ceiling);
    return [
      printable(id),
      isFair ? colours.green(String(shards)) : colours.yellow(String(shards)),
      share === undefined ? "no worker" : shareOf(share),
      isWorker ? String(weight) : "",
      maxShards === undefined ? "" : String(maxShards),
      agoOf(since, now),
      leftOf(expiresAt, now),
    ];
  });
  return output.tableOf(WORKER_COLUMNS, rows);
}

const SHARD_COLUMNS: readonly Column[] = [
  { title: "SHARD", least: 12 },
  { title: "STATE" },
  { title: "HOLDER", least: 16 },
  { title: "TOKEN", leftOut: 2 },
  { title: "LEADS SINCE", leftOut: 1 },
  { title: "ASKED", least: 10, leftOut: 3 },
];

/** Draws all shards, a line each, by name. */
function tableOfShards(output: Output, { shards }: GroupStatus, now: number): string {
  const rows = shards.map((state) => {
    const { kind, shard = "", holder, token, acquiredAt, requestedBy } = state;
    const freed = isFreed(state);
    return [
      printable(shard),
      shownState(output, state),
      freed ? `was ${printable(holder ?? "")}` : (holderOf(state) ?? reserved(state)),
      String(token),
      kind === "held" ? agoOf(acquiredAt, now) : "",
      requestedBy === undefined || freed ? "" : requestOf(requestedBy),
    ];
  });
  return output.tableOf(SHARD_COLUMNS, rows);
}

/** How a group is drawn. */
export interface PictureOptions {
  /** Whether every shard is shown, too. */
  readonly shards?: boolean;
  /** Whether no line may be longer than the terminal. */
  readonly fits?: boolean;
  /** Whether all shards were named that there should be. */
  readonly isAll: boolean;
}

/** Draws a group: its facts, its workers, and every shard where that is asked for. */
export function pictureOf(
  output: Output,
  status: GroupStatus,
  now: number,
  { shards: withShards = false, fits = false, isAll }: PictureOptions,
): string {
  const parts = [output.pairs(factsOfGroup(output, status, isAll), { fits })];
  if (status.workers.length > 0) parts.push(tableOfWorkers(output, status, now));
  if (withShards && status.shards.length > 0) parts.push(tableOfShards(output, status, now));
  return parts.join("\n\n");
}
