import type { LeaseState } from "../core/record.ts";
import type { Column } from "./fitting.ts";
import type { Output } from "./output.ts";
import { calledOf, printable, safeJson } from "./text.ts";

/** A lease as `--json` prints it: what the table says, times as ISO-8601 and in ms from the service's present. */
export interface LeaseJson {
  readonly name: string;
  /** Which shard of the group `name`; `null` for a lease of its own. */
  readonly shard: string | null;
  readonly state: LeaseState["kind"];
  readonly holder: string | null;
  readonly token: number;
  readonly revision: number;
  readonly transitions: number;
  readonly priority: number;
  /** When the term began. */
  readonly acquiredAt: string | null;
  readonly renewedAt: string | null;
  readonly expiresAt: string | null;
  /** How long the term lasts unless renewed, in ms; negative once that is past. */
  readonly remainingMs: number | null;
  readonly tick: string | null;
  readonly reservedFor: string | null;
  readonly requestedBy: string | null;
  readonly lockDelayMs: number;
  readonly value: unknown;
}

/** Makes a lease readable for programs. `now` is epoch ms in service time. */
export function toJson(state: LeaseState, now: number): LeaseJson {
  const { name, kind, holder, expiresAt } = state;
  return {
    name,
    shard: state.shard ?? null,
    state: kind,
    holder: holder ?? null,
    token: state.token,
    revision: state.revision,
    transitions: state.transitions,
    priority: state.priority,
    acquiredAt: isoOf(state.acquiredAt),
    renewedAt: isoOf(state.renewedAt),
    expiresAt: isoOf(expiresAt),
    remainingMs: expiresAt === undefined ? null : expiresAt - now,
    tick: state.tick ?? null,
    reservedFor: state.reservedFor ?? null,
    requestedBy: state.requestedBy ?? null,
    lockDelayMs: state.lockDelayMs,
    value: state.value ?? null,
  };
}

/** Writes epoch ms as an instant; `null` for none, and for what is out of the range of dates, as a row edited by hand may have it. */
export function isoOf(ms: number | undefined): string | null {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Writes a span of time for people: `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function spanOf(ms: number): string {
  const span = Math.abs(ms);
  if (span < 950) return `${(span / 1_000).toFixed(1)} s`;
  if (span < 99_500) return `${Math.round(span / 1_000)} s`;
  if (span < 99.5 * 60_000) return `${Math.round(span / 60_000)} min`;
  if (span < 48 * 3_600_000) return `${Math.round(span / 3_600_000)} h`;
  return `${Math.round(span / 86_400_000)} d`;
}

/** Writes how long ago an instant was: `3 s ago`, or `in 2 s` where clocks differ. */
export function agoOf(at: number | undefined, now: number): string {
  if (at === undefined) return "";
  return at > now ? `in ${spanOf(at - now)}` : `${spanOf(now - at)} ago`;
}

/** Writes how long a term lasts: `12 s left`, `over for 3 s`. */
export function leftOf(at: number | undefined, now: number): string {
  if (at === undefined) return "";
  return at > now ? `${spanOf(at - now)} left` : `over for ${spanOf(now - at)}`;
}

const COLUMNS: readonly Column[] = [
  { title: "LEASE", least: 12 },
  { title: "STATE" },
  { title: "HOLDER", least: 16 },
  { title: "TOKEN", leftOut: 3 },
  { title: "LEADS SINCE", leftOut: 2 },
  { title: "RENEWED", leftOut: 1 },
  { title: "ENDS", leftOut: 4 },
];

/** Draws leases as a table, a line each. Of a lease that has not been read there is only its name. */
export function tableOfLeases(
  output: Output,
  leases: readonly (LeaseState | { readonly name: string })[],
  now: number,
): string {
  const rows = leases.map((lease) =>
    "kind" in lease ? rowOf(output, lease, now) : [printable(lease.name), "?"],
  );
  return output.tableOf(
    COLUMNS,
    rows.map((row) => COLUMNS.map((_, at) => row[at] ?? "")),
  );
}

function rowOf(output: Output, state: LeaseState, now: number): string[] {
  const held = state.holder !== undefined;
  return [
    calledOf(state),
    shownState(output, state),
    holderOf(state) ?? reserved(state),
    String(state.token),
    held ? agoOf(state.acquiredAt, now) : "",
    held ? agoOf(state.renewedAt, now) : "",
    leftOf(state.expiresAt, now),
  ];
}

/** What is worth telling of a lease, as titles and texts; what it does not have is left out. */
export function factsOf(output: Output, state: LeaseState, now: number): [title: string, text: string][] {
  const { holder, shard, tick, value, requestedBy, lockDelayMs, priority } = state;
  const freed = isFreed(state);
  const held = holder !== undefined && !freed;
  const facts: [string, string | undefined][] = [
    [shard === undefined ? "lease" : "group", printable(state.name)],
    ["shard", shard === undefined ? undefined : printable(shard)],
    ["state", shownState(output, state)],
    [freed ? "last holder" : "holder", holderOf(state)],
    [
      "token",
      state.token === 0
        ? `none: the table knows nothing of this ${shard === undefined ? "lease" : "shard"}`
        : String(state.token),
    ],
    ["leads since", held ? since(state.acquiredAt, now) : undefined],
    ["renewed", held ? agoOf(state.renewedAt, now) : undefined],
    ["ends", state.expiresAt === undefined ? undefined : leftOf(state.expiresAt, now)],
    ["lock-delay", lockDelayMs === 0 ? undefined : spanOf(lockDelayMs)],
    ["priority", priority === 0 ? undefined : String(priority)],
    ["reserved", held ? undefined : reserved(state)],
    ["asked to hand over", requestedBy === undefined || freed ? undefined : requestOf(requestedBy)],
    ["last tick", tick === undefined ? undefined : printable(tick)],
    ["terms so far", String(state.transitions)],
    ["value", value === undefined ? undefined : safeJson(value)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== "");
}

/**
 * Whether a shard is free since the session of its holder is over: closed by its holder, or ended by others. Its row is as it was, so only
 * its session's can tell.
 */
export function isFreed({ kind, shard }: LeaseState): boolean {
  return shard !== undefined && kind === "expired";
}

/** The state, in its colour. */
export function shownState({ colours }: Output, state: LeaseState): string {
  if (isFreed(state)) return colours.yellow("free");
  const { kind } = state;
  switch (kind) {
    case "held":
      return colours.green(kind);
    case "expired":
      return colours.red(kind);
    case "vacant":
      return colours.yellow(kind);
    default:
      return kind satisfies never;
  }
}

/** The holder's id, to be shown. */
export function holderOf({ holder }: { readonly holder: string | undefined }): string | undefined {
  return holder === undefined ? undefined : printable(holder);
}

/** How a holder was asked to hand over, to be shown: to whom, or by an operator who named no successor (""). */
export function requestOf(requestedBy: string): string {
  return requestedBy === "" ? "by an operator" : `to ${printable(requestedBy)}`;
}

/** Whom a vacant lease is kept for, to be shown; empty where it is kept for nobody in particular. */
export function reserved({ reservedFor }: LeaseState): string {
  if (reservedFor === undefined) return "";
  return reservedFor === "" ? "for nobody, until its minimum hold is over" : `for ${printable(reservedFor)}`;
}

function since(at: number | undefined, now: number): string {
  return at === undefined ? "" : `${isoOf(at) ?? at} (${agoOf(at, now)})`;
}
