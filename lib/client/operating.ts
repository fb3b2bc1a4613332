import { because, LeaseError } from "../core/errors.ts";
import { parseKnown } from "../core/known.ts";
import { AUXILIARY, calledBy, parseName } from "../core/names.ts";
import { parseId } from "../core/options.ts";
import { OPERATOR_PRIORITY, requestTransfer, revoke, rewind } from "../core/auxiliary-writes.ts";
import type { LeaseRecord } from "../core/record.ts";
import { parseTick } from "../core/tick.ts";
import { ring } from "../core/shard-writes.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import type { ClientCore } from "./client-core.ts";

/** A candidate that is registered for a lease. */
export interface CandidateInfo {
  /** The candidate's id: what `transferTo` and `reserveFor` take. */
  readonly id: string;
  /** How strong it is: higher is stronger, 0 unless set. */
  readonly priority: number;
  /** Epoch ms since when it is registered. Informative. */
  readonly since: number | undefined;
  /** Epoch ms, in service time, until which its registration lasts unless it renews it. */
  readonly expiresAt: number;
}

/** Options of `requestStepDown`. */
export interface StepDownRequest {
  /**
   * The id of the candidate to keep the lease for.
   * @default - whoever comes first
   */
  readonly reserveFor?: string | undefined;
}

/** What came of `requestStepDown`. */
export type Asked =
  /** The request is on the record of this holder's term. */
  | { readonly kind: "requested"; readonly holder: string; readonly token: number }
  /** Nobody leads. */
  | { readonly kind: "vacant" };

/** What came of `forceRelease`. */
export type ForcedRelease =
  /** The term of this holder was ended in the table. */
  | { readonly kind: "released"; readonly holder: string; readonly token: number }
  /** Nobody led; the lease was kept for this candidate ("" for nobody) and is open to all now. */
  | { readonly kind: "opened"; readonly reservedFor: string }
  /** Nobody led, and anyone can. */
  | { readonly kind: "vacant" };

/** What came of `rewindTick`. */
export type RewoundTick =
  /** The last tick was set back. */
  | {
      readonly kind: "rewound";
      /** What the last tick was. */
      readonly from: string;
      /** What it is now; `undefined` for none. */
      readonly to: string | undefined;
      /** Whoever held the lease meanwhile: its release may record its own occurrence once more. `undefined` while vacant. */
      readonly holder: string | undefined;
    }
  /** The last tick is not later than that: nothing was written. */
  | { readonly kind: "unchanged"; readonly tick: string | undefined };

/** How often a holder that changes in between is followed. */
const TRIES = 3;

/** Lists who is registered; see `LeaseClient.candidates`. */
export async function listCandidates(core: ClientCore, name: string): Promise<readonly CandidateInfo[]> {
  core.life.assertOpen();
  const { exchange, timing } = core;
  const pages = await exchange.rows(parseName(name), AUXILIARY.candidate, timing.requestTimeoutMs);
  const now = pages.at(-1)?.outcome.servedAt ?? exchange.estimate();
  const records = pages.flatMap(({ outcome }) => outcome.records);
  const listed = records.flatMap(({ holder: id, priority = 0, acquiredAt: since, expiresAt = 0 }) =>
    id === undefined || expiresAt <= now ? [] : [{ id, priority, since, expiresAt }],
  );
  return listed.sort((a, b) => b.priority - a.priority || (a.since ?? 0) - (b.since ?? 0));
}

/** Asks a leader to hand over; see `LeaseClient.requestStepDown`. */
export async function requestStepDown(
  core: ClientCore,
  name: string,
  options: StepDownRequest,
  row?: string,
): Promise<Asked> {
  parseKnown(options, { reserveFor: true }, "requestStepDown");
  const { reserveFor } = options;
  const by = reserveFor === undefined ? "" : parseId(reserveFor, "reserveFor");
  const request = { writeId: core.random.id(), by, priority: OPERATOR_PRIORITY };
  const asked = ({ requestedBy, requestedPriority = 0 }: LeaseRecord): boolean =>
    requestedBy === by && requestedPriority >= OPERATOR_PRIORITY;
  const of = await onTerm(core, name, row, isHeld, (record) => requestTransfer(record, request), asked);
  await ringFor(core, of);
  return of?.holder === undefined
    ? { kind: "vacant" }
    : { kind: "requested", holder: of.holder, token: of.token };
}

/** Vacates a lease, whoever holds it; see `LeaseClient.forceRelease`. */
export async function forceRelease(core: ClientCore, name: string, row?: string): Promise<ForcedRelease> {
  const of = await onTerm(core, name, row, isClosed, (record) => revoke(record, core.random.id()), isOpen);
  await ringFor(core, of);
  if (of === undefined) return { kind: "vacant" };
  const { holder, token, reservedFor = "" } = of;
  return holder === undefined ? { kind: "opened", reservedFor } : { kind: "released", holder, token };
}

const isHeld = ({ holder }: LeaseRecord): boolean => holder !== undefined;
const isClosed = (record: LeaseRecord): boolean => isHeld(record) || record.reservedFor !== undefined;
const isOpen = (record: LeaseRecord): boolean => !isClosed(record);

/** Has whoever holds a shard look at it at once, as well as can be: it looks once a minute anyway. */
async function ringFor(core: ClientCore, of: LeaseRecord | undefined): Promise<void> {
  const { exchange, random, timing } = core;
  if (of?.holder === undefined || of.sessionToken === undefined) return;
  const session = { holder: of.holder, token: of.sessionToken };
  const bell = ring(of.name, session, { writeId: random.id(), bell: random.id() });
  await exchange.write(bell, timing.requestTimeoutMs).catch(() => undefined);
}

/**
 * Writes on the term, or the reservation, that concerns an operator, following a change of it; resolves with the record as it was
 * found, `undefined` when there is none such.
 */
async function onTerm(
  core: ClientCore,
  name: string,
  row: string | undefined,
  concerns: (record: LeaseRecord) => boolean,
  writeFor: (record: LeaseRecord) => LeaseWrite,
  done: (record: LeaseRecord) => boolean,
): Promise<LeaseRecord | undefined> {
  core.life.assertOpen();
  const { exchange, timing } = core;
  const { outcome } = await exchange.read(parseName(name), timing.requestTimeoutMs, row);
  let { record } = outcome;
  let cause: unknown;
  let unsure: LeaseRecord | undefined;
  for (let tries = 0; tries < TRIES && record !== undefined && concerns(record); tries += 1) {
    const of: LeaseRecord = record;
    const { token } = of;
    if (done(record)) return of;
    const answer = await exchange.write(writeFor(record), timing.requestTimeoutMs);
    if (answer.outcome.kind === "written") return of;
    if (answer.outcome.kind === "unknown") {
      cause = answer.outcome.cause;
      unsure = of;
      continue; // The same again: neither request does harm twice.
    }
    const { current } = answer.outcome;
    if (current?.token === token && done(current)) return of;
    // It may have been what ended that term. Whoever leads now is not the one that was meant.
    if (unsure !== undefined && current?.token !== token) return unsure;
    record = current;
    cause = undefined;
  }
  if (record === undefined || !concerns(record)) return undefined;
  const message = `${calledBy(name, row)}: nobody can say whether the request reached its holder, try again${because(cause)}`;
  throw new LeaseError("STORE_UNAVAILABLE", message, { lease: name, cause });
}

/** Sets the last tick back; see `LeaseClient.rewindTick`. */
export async function rewindTick(
  core: ClientCore,
  name: string,
  lastTick: string | Date | undefined,
  row?: string,
): Promise<RewoundTick> {
  core.life.assertOpen();
  parseName(name);
  const to = lastTick === undefined ? undefined : parseTick(lastTick, "lastTick");
  const { exchange, random, timing } = core;
  let { record } = (await exchange.read(name, timing.requestTimeoutMs, row)).outcome;
  let sent: (RewoundTick & { readonly kind: "rewound"; readonly token: number }) | undefined;
  let cause: unknown;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { tick: from, token = 0, holder } = record ?? {};
    const isRewound = from === to || (from !== undefined && to !== undefined && from < to);
    if (record === undefined || from === undefined || isRewound) {
      // A write whose answer was lost may have done it.
      if (sent === undefined || sent.token !== token) return { kind: "unchanged", tick: from };
      const { token: _, ...rewound } = sent;
      return rewound;
    }
    const rewound = { kind: "rewound", from, to, holder } as const;
    const write = rewind(record, { writeId: random.id(), from, to });
    const { outcome } = await exchange.write(write, timing.requestTimeoutMs);
    if (outcome.kind === "written") return rewound;
    sent = { ...rewound, token };
    if (outcome.kind === "unknown") cause = outcome.cause;
    else record = outcome.current;
    // Another term may have recorded its own occurrence since: to set that back was not asked for.
    if (record?.token !== token) break;
  }
  const moved = cause === undefined ? ", the lease changes hands" : "";
  const message = `${calledBy(name, row)}: nobody can say whether its last tick was set back${moved}; look, and try again${because(cause)}`;
  throw new LeaseError("STORE_UNAVAILABLE", message, { lease: name, cause });
}
