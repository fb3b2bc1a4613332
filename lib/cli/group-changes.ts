import type { GroupStatus, WorkerInfo } from "../core/group-view.ts";
import { stateOf } from "../core/record.ts";
import {
  balanceOf,
  type GroupJson,
  groupJson,
  KNOWN_ONLY,
  type WorkerJson,
  workerJson,
} from "./group-view.ts";
import { type Change, type ChangeJson, changeJson, changeOf, lineOfChange } from "./lease-changes.ts";
import type { Output } from "./output.ts";
import { howMany, printable } from "./text.ts";

/** What has happened to a group since it was seen last. */
export type GroupChange =
  /** It is seen for the first time. */
  | { readonly kind: "group" }
  /** A worker's session is there, or is over. */
  | { readonly kind: "joined" | "left"; readonly worker: WorkerInfo }
  /** Who leads a shard, or what is said of it, is another. */
  | { readonly kind: "shard"; readonly change: Change }
  /** The shards are shared as they should be from now on, or not any more. */
  | { readonly kind: "balanced" | "unbalanced" };

/** A change as `watch --group --json` prints it; that of a shard as any lease's. */
export type GroupChangeJson =
  | { readonly at: string; readonly name: string; readonly change: "group"; readonly group: GroupJson }
  | {
      readonly at: string;
      readonly name: string;
      readonly change: "joined" | "left";
      readonly worker: WorkerJson;
    }
  | { readonly at: string; readonly name: string; readonly change: "balanced" | "unbalanced" }
  | ChangeJson;

/** Tells what has happened between two looks at a group, in the order in which it is read best. */
export function changesOfGroup(
  previous: GroupStatus | undefined,
  status: GroupStatus,
  intervalMs: number,
): GroupChange[] {
  if (previous === undefined) return [{ kind: "group" }];
  const changes: GroupChange[] = [];
  const without = (some: GroupStatus, others: GroupStatus): readonly WorkerInfo[] => {
    const ids = new Set(others.workers.map(({ id }) => id));
    return some.workers.filter(({ id }) => !ids.has(id));
  };
  for (const worker of without(previous, status)) changes.push({ kind: "left", worker });
  for (const worker of without(status, previous)) changes.push({ kind: "joined", worker });
  const before = new Map(previous.shards.map((state) => [state.shard, state]));
  for (const state of status.shards) {
    const change = changeOf(before.get(state.shard), state, intervalMs);
    before.delete(state.shard);
    // Renewals are the session's.
    if (change !== undefined && change.kind !== "renewed") changes.push({ kind: "shard", change });
  }
  // What has no row any more is vacant, and so is what is no shard any more once nobody leads it. How its term ended nobody can say.
  for (const gone of before.values()) {
    const change = changeOf(gone, stateOf(gone.name, undefined, false, gone.shard), intervalMs);
    if (change?.kind === "released") changes.push({ kind: "shard", change: { ...change, how: null } });
  }
  if (status.balanced !== previous.balanced)
    changes.push({ kind: status.balanced ? "balanced" : "unbalanced" });
  return changes;
}

/** Makes a change readable for programs. */
export function groupChangeJson(change: GroupChange, status: GroupStatus, now: number): GroupChangeJson {
  const about = { at: new Date(now).toISOString(), name: status.name };
  switch (change.kind) {
    case "group":
      return { ...about, change: "group", group: groupJson(status, now) };
    case "joined":
    case "left":
      return { ...about, change: change.kind, worker: workerJson(change.worker, now) };
    case "shard":
      return changeJson(change.change, now);
    case "balanced":
    case "unbalanced":
      return { ...about, change: change.kind };
    default:
      return change satisfies never;
  }
}

/** Writes a change as a line for people, without the time. `isAll` says whether all shards were named that there should be. */
export function lineOfGroupChange(
  output: Output,
  change: GroupChange,
  status: GroupStatus,
  isAll: boolean,
): string {
  const name = printable(status.name);
  switch (change.kind) {
    case "group": {
      const { workers, shards, unled } = status;
      const known = isAll ? "" : ` ${KNOWN_ONLY}`;
      const all = `${howMany(workers.length, "worker")}, ${howMany(shards.length, "shard")}${known}`;
      return `${name} has ${all}, ${unled.length} without a leader; balance: ${balanceOf(output, status)}`;
    }
    case "joined":
      return `${name} worker ${printable(change.worker.id)} joined`;
    case "left":
      return `${name} worker ${printable(change.worker.id)} left; it led ${howMany(change.worker.shards, "shard")}`;
    case "shard":
      return lineOfChange(change.change);
    case "balanced":
    case "unbalanced":
      return `${name} balance: ${balanceOf(output, status)}`;
    default:
      return change satisfies never;
  }
}
