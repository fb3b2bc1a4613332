import type { LeaseRecord } from "../../../../lib/core/record.ts";
import { DEFAULT_TIMING } from "../../../../lib/core/timing.ts";
import type { Happening, History, TermLog } from "../../history.ts";

/** What happened, and when. */
export type At = readonly [at: number, happening: Happening];

/** A history of group `g` with the shards `a` and `b`, as it might have been told. */
export function told(happenings: readonly At[], about: Partial<History> = {}): History {
  const events = happenings.map(([at, happening]) => ({ ...happening, at }));
  return {
    scenario: "told",
    seed: 0,
    epochMs: 0,
    timing: { ...DEFAULT_TIMING, retryIntervalMs: 1_000 },
    events,
    endedAt: events.at(-1)?.at ?? 0,
    calm: false,
    faults: new Map(),
    group: { name: "g", shards: ["a", "b"], permits: undefined },
    ...about,
  };
}

/** A term of shard `a` or `b`. */
export function term(host: string, shard: string, token: number): TermLog {
  const holder = `${host}/${host}.1.1`;
  return { process: `${host}.1`, lease: `g/${shard}`, holder, token } as unknown as TermLog;
}

export const began = (of: TermLog): Happening => ({ kind: "began", term: of });
export const held = (of: TermLog): Happening => ({
  kind: "asked",
  term: of,
  held: true,
  because: "closing",
});

/** A write on a row that is applied. */
export function written(
  kind: "claim" | "release" | "renew",
  row: string,
  before: Partial<LeaseRecord> | undefined,
  after: Partial<LeaseRecord>,
): Happening {
  const write = { kind, name: "g", row, beginsTerm: kind === "claim" };
  const records = { before, after: { ...after, row } };
  return {
    kind: "executed",
    process: "-",
    request: 0,
    copy: false,
    write,
    ...records,
  } as unknown as Happening;
}

/** A write on a host's session: it is opened or renewed, or closed. */
export function session(host: string, kind: "claim" | "renew" | "release" = "claim"): Happening {
  const id = `${host}/${host}.1.1`;
  const open = { holder: id, token: 1 };
  if (kind === "release") return written(kind, `session#${id}`, open, { token: 1 });
  return written(kind, `session#${id}`, undefined, open);
}

/** A shard's row while a host holds it through its session. */
export const row = (host: string, token: number) => ({
  holder: `${host}/${host}.1.1`,
  sessionToken: 1,
  token,
});

export const messages = (found: readonly { readonly message: string }[]): string[] =>
  found.map(({ message }) => message);
