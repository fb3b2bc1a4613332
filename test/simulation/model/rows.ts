import type { Fault } from "./faults.ts";

/** Who may work: A is declared stable and may be followed by another process of its id, the others are not. */
export const IDS = ["A", "B", "C"] as const;
export type Id = (typeof IDS)[number];

/** The row of a worker's session. */
export interface SessionRow {
  readonly token: number;
  readonly held: boolean;
  readonly revision: number;
  readonly writeId: number;
  /** When it was written, as a place in the order of all writes. No protocol sees it: it says which validity rests on which row. */
  readonly stamp: number;
}

/** The row of the one shard. Its term rests on a session of its holder. */
export interface ShardRow {
  readonly token: number;
  readonly holder: Id | undefined;
  readonly sessionToken: number;
  readonly revision: number;
  readonly writeId: number;
}

/** What a compare-and-set compares. */
export interface Version {
  readonly token: number;
  readonly revision: number;
}

/** The write that begins a term of the shard: of a vacancy, or by compare-and-set over a term that is over. */
export interface Claim {
  readonly do: "claim";
  readonly token: number;
  readonly sessionToken: number;
  readonly over: Version | undefined;
}

/** A conditional write. It stays deliverable for as long as anybody likes, whatever became of its sender. */
export type Write = {
  readonly by: Id;
  /** Which process of the id sent it. */
  readonly life: number;
  readonly writeId: number;
} & (
  | { readonly do: "open"; readonly token: number; readonly over: Version | undefined }
  | { readonly do: "correct"; readonly of: Version; readonly token: number }
  | { readonly do: "renew"; readonly of: Version }
  | { readonly do: "close"; readonly token: number }
  | { readonly do: "bury"; readonly whose: Id; readonly of: Version }
  | { readonly do: "ring"; readonly whose: Id; readonly token: number }
  | Claim
  | { readonly do: "release"; readonly token: number }
  | { readonly do: "abandon"; readonly claim: number }
  | { readonly do: "void"; readonly claim: Claim }
  | { readonly do: "revoke"; readonly holder: Id; readonly token: number }
);

/** What the table holds. */
export interface Table {
  readonly sessions: Record<Id, SessionRow | undefined>;
  shard: ShardRow | undefined;
}

/** The table's word: whether the write was applied, and the row that it met, or made. */
export interface Answer {
  readonly to: Write;
  readonly written: boolean;
  readonly session?: SessionRow | undefined;
  readonly shard?: ShardRow | undefined;
}

const is = (row: Version | undefined, of: Version): boolean =>
  row !== undefined && row.token === of.token && row.revision === of.revision;

/** Whose session's row a write is about; `undefined` for a write of the shard's row. */
export function sessionOf(write: Write): Id | undefined {
  switch (write.do) {
    case "open":
    case "correct":
    case "renew":
    case "close":
      return write.by;
    case "bury":
    case "ring":
      return write.whose;
    case "claim":
    case "release":
    case "abandon":
    case "void":
    case "revoke":
      return undefined;
    default:
      return write satisfies never;
  }
}

/** Whether a claim's condition holds. A void expects the same, and a vacancy. */
function isOpenTo(row: ShardRow | undefined, { over, token }: Claim, fault: Fault | undefined): boolean {
  if (fault === "a claim compares nothing") return true;
  if (over !== undefined) return is(row, over);
  if (row === undefined) return true;
  return row.holder === undefined && (row.token < token || fault === "a claim does not compare the token");
}

const hasPassed = (row: Version | undefined, of: Version): boolean =>
  row !== undefined && (row.token > of.token || (row.token === of.token && row.revision > of.revision));

/** Whether a write's condition can never hold again, by the rules as they are. Such a write is of little interest. */
export function isSpent({ sessions, shard }: Table, write: Write): boolean {
  const whose = sessionOf(write);
  const row = whose === undefined ? shard : sessions[whose];
  const claim = write.do === "void" ? write.claim : write;
  switch (claim.do) {
    case "open":
    case "claim":
      if (claim.over !== undefined) return hasPassed(row, claim.over);
      return row !== undefined && row.token >= claim.token;
    case "correct":
    case "renew":
    case "bury":
      return hasPassed(row, claim.of);
    case "close":
    case "release":
    case "ring":
    case "revoke":
      return row !== undefined && row.token > claim.token;
    case "abandon":
      return false;
    default:
      return claim satisfies never;
  }
}

function fitsSession(row: SessionRow | undefined, write: Write, fault: Fault | undefined): boolean {
  switch (write.do) {
    case "open":
      if (write.over !== undefined) return is(row, write.over);
      return row === undefined || (!row.held && row.token < write.token);
    case "correct":
    case "renew":
      return row?.held === true && is(row, write.of);
    case "close":
      if (fault === "a release of a session compares the holder alone") return row?.held === true;
      return row?.held === true && row.token === write.token;
    case "bury":
      if (fault === "a burial compares the token alone") return row?.token === write.of.token;
      return is(row, write.of);
    case "ring":
      return row?.held === true && row.token === write.token;
    default:
      return false;
  }
}

function fitsShard(row: ShardRow | undefined, write: Write, fault: Fault | undefined): boolean {
  switch (write.do) {
    case "claim":
      return isOpenTo(row, write, fault);
    case "void":
      return row?.holder === undefined && isOpenTo(row, write.claim, fault);
    case "release":
      if (fault === "a release of a shard compares the holder alone") return row?.holder === write.by;
      return row?.holder === write.by && row.token === write.token;
    case "abandon":
      if (fault === "an abandon compares the holder") return row?.holder === write.by;
      return row?.writeId === write.claim;
    case "revoke":
      return row?.holder === write.holder && row.token === write.token;
    default:
      return false;
  }
}

/** The session's row after a write whose condition held. */
function sessionAfter(
  row: SessionRow | undefined,
  write: Write,
  stamp: number,
  fault: Fault | undefined,
): SessionRow {
  const revision = (row?.revision ?? 0) + 1;
  const was = row ?? { token: 0, held: false, revision: 0, writeId: 0, stamp: 0 };
  if (write.do === "ring") return fault === "a bell raises the revision" ? { ...was, revision } : was;
  const token = write.do === "open" || write.do === "correct" ? write.token : was.token;
  const held = write.do !== "close" && write.do !== "bury";
  return { token, held, revision, writeId: write.writeId, stamp };
}

/** The shard's row after a write whose condition held. */
function shardAfter(row: ShardRow | undefined, write: Write, fault: Fault | undefined): ShardRow {
  const revision = (row?.revision ?? 0) + 1;
  const { writeId } = write;
  const vacant = { holder: undefined, sessionToken: 0, revision, writeId };
  if (write.do === "claim") {
    return { token: write.token, holder: write.by, sessionToken: write.sessionToken, revision, writeId };
  }
  const raises = write.do === "void" && fault !== "a void leaves the token as it was";
  return { ...vacant, token: raises ? write.claim.token : (row?.token ?? 0) };
}

/** Applies a write if its condition holds, and answers as DynamoDB does: with the row as it is now. */
export function apply(table: Table, write: Write, stamp: number, fault: Fault | undefined): Answer {
  const whose = sessionOf(write);
  if (whose === undefined) {
    const written = fitsShard(table.shard, write, fault);
    if (written) table.shard = shardAfter(table.shard, write, fault);
    return { to: write, written, shard: table.shard };
  }
  const row = table.sessions[whose];
  const written = fitsSession(row, write, fault);
  if (written) table.sessions[whose] = sessionAfter(row, write, stamp, fault);
  return { to: write, written, session: table.sessions[whose] };
}
