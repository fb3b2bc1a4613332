import type { LeaseState } from "../core/record.ts";
import { type LeaseJson, toJson, holderOf, isFreed, reserved, requestOf } from "./lease-view.ts";
import { calledOf, printable, safeJson } from "./text.ts";

/** What has happened to a lease since it was seen last. */
export type ChangeKind =
  /** It is seen for the first time. */
  | "seen"
  /** A term began. */
  | "acquired"
  /** A term was ended by its holder, or by force. */
  | "released"
  /** The holder has not renewed, or its shard's session is over: anyone may take over. */
  | "expired"
  /** The holder was asked to hand over. */
  | "requested"
  /** The last tick, or what the leader proclaims, is another. */
  | "updated"
  /** The holder renewed. */
  | "renewed";

/** A change as `watch --json` prints it. */
export interface ChangeJson {
  /** When it was seen, by the service's clock. */
  readonly at: string;
  readonly name: string;
  readonly change: ChangeKind;
  /** How the term before ended, where a look at the table can tell. */
  readonly how: "released" | "taken-over" | null;
  /** The term that was seen before. */
  readonly previous: { readonly holder: string; readonly token: number } | null;
  /** The lease as it is now. */
  readonly lease: LeaseJson;
}

/** That the table does not answer for a lease, or answers again, as `watch --json` prints it. */
export interface TroubleJson {
  readonly at: string;
  readonly name: string;
  readonly change: "unanswered" | "answered";
  /** Why it does not answer. */
  readonly cause: string | null;
}

/** A change between two looks, and how the term before ended. */
export interface Change {
  readonly kind: ChangeKind;
  readonly how: ChangeJson["how"];
  readonly previous: LeaseState | undefined;
  readonly state: LeaseState;
}

/**
 * Tells what has happened between two looks at a lease that were about `intervalMs` apart. Of several things the one that matters most
 * to who leads is told.
 */
export function changeOf(
  previous: LeaseState | undefined,
  state: LeaseState,
  intervalMs: number,
): Change | undefined {
  const change = (kind: ChangeKind, how: ChangeJson["how"] = null): Change => ({
    kind,
    how,
    previous,
    state,
  });
  if (previous === undefined) return change("seen");
  if (state.holder !== undefined && state.token !== previous.token) {
    return change("acquired", howEnded(previous, state, intervalMs));
  }
  if (previous.holder !== undefined && state.holder === undefined) return change("released", "released");
  if (state.kind === "expired" && previous.kind !== "expired") return change("expired");
  if (state.requestedBy !== undefined && state.requestedBy !== previous.requestedBy)
    return change("requested");
  const isUpdated =
    state.tick !== previous.tick ||
    state.reservedFor !== previous.reservedFor ||
    JSON.stringify(state.value) !== JSON.stringify(previous.value);
  if (isUpdated) return change("updated");
  return state.holder === undefined ? undefined : change("renewed");
}

/**
 * How the term ended that was seen last. Before its time is up only a release can end it. After that it was a take-over, if the holder
 * would have been seen to renew; where looks are too far apart for that, nobody can say. A shard's term also ends with its session, however
 * that did, and a worker that restarts takes its own shards over.
 */
function howEnded(
  previous: LeaseState,
  { holder, shard, transitions, acquiredAt }: LeaseState,
  intervalMs: number,
): Change["how"] {
  if (previous.holder === undefined || transitions !== previous.transitions + 1) return null;
  if (shard !== undefined && (previous.kind === "expired" || holder === previous.holder)) return null;
  if (previous.kind === "expired") return "taken-over";
  const { expiresAt, renewedAt } = previous;
  if (expiresAt === undefined || renewedAt === undefined || acquiredAt === undefined) return null;
  if (acquiredAt < expiresAt) return "released";
  return intervalMs < (expiresAt - renewedAt) / 2 ? "taken-over" : null;
}

/** Makes a change readable for programs. */
export function changeJson({ kind, how, previous, state }: Change, now: number): ChangeJson {
  const { holder, token } = previous ?? {};
  return {
    at: new Date(now).toISOString(),
    name: state.name,
    change: kind,
    how,
    previous: holder === undefined || token === undefined ? null : { holder, token },
    lease: toJson(state, now),
  };
}

/** Writes a change as a line for people, without the time: `writer held by X token 5 (was Y, taken over)`. */
export function lineOfChange({ kind, how, previous, state }: Change): string {
  const term = `${holderOf(state) ?? "nobody"} token ${state.token}`;
  const was = wasOf(kind, how, previous);
  const more = detailsOf(kind, previous, state).map((detail) => `; ${detail}`);
  return `${calledOf(state)} ${saidOf(kind, state, term)}${was}${more.join("")}`;
}

function saidOf(kind: ChangeKind, state: LeaseState, term: string): string {
  if (isFreed(state)) return `free after ${term}, whose session is over`;
  switch (kind) {
    case "seen":
      return state.holder === undefined
        ? vacant(state)
        : `${state.kind === "held" ? "held by" : "expired under"} ${term}`;
    case "acquired":
      return `held by ${term}`;
    case "released":
      return vacant(state);
    case "expired":
      return `expired under ${term}: anyone may take over`;
    case "requested":
      return `held by ${term}, which was asked to hand over ${requestOf(state.requestedBy ?? "")}`;
    case "updated":
      return state.holder === undefined ? vacant(state) : `held by ${term}`;
    case "renewed":
      return `renewed by ${term}`;
    default:
      return kind satisfies never;
  }
}

function vacant(state: LeaseState): string {
  return state.reservedFor === undefined ? "vacant" : `vacant, kept ${reserved(state)}`;
}

function wasOf(kind: ChangeKind, how: Change["how"], previous: LeaseState | undefined): string {
  if (kind !== "acquired" && kind !== "released") return "";
  const holder = previous === undefined ? undefined : holderOf(previous);
  if (holder === undefined) return previous === undefined ? "" : " (was vacant)";
  const ended = { released: ", released", "taken-over": ", taken over" };
  return ` (was ${holder}${how === null ? "" : ended[how]})`;
}

function detailsOf(kind: ChangeKind, previous: LeaseState | undefined, state: LeaseState): string[] {
  if (kind === "seen") return [];
  const details: string[] = [];
  const { tick, value } = state;
  if (tick !== previous?.tick)
    details.push(tick === undefined ? "no tick any more" : `last tick ${printable(tick)}`);
  const isNew = JSON.stringify(value) !== JSON.stringify(previous?.value);
  if (isNew && value !== undefined) details.push(`proclaims ${shortened(safeJson(value))}`);
  return details;
}

/** A value may have 400,000 bytes: a line has its beginning. `get` and `--json` have all of it. */
const MOST_OF_A_VALUE = 200;

function shortened(text: string): string {
  return text.length <= MOST_OF_A_VALUE ? text : `${text.slice(0, MOST_OF_A_VALUE)}…`;
}
