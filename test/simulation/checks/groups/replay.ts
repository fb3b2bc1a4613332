import { AUXILIARY, sessionRow } from "../../../../lib/core/names.ts";
import type { LeaseRecord } from "../../../../lib/core/record.ts";
import { addressOf } from "../../address.ts";
import type { HistoryEvent, TermLog } from "../../history.ts";
import { STABLE } from "../../world/tenure.ts";

export type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/** A row as it stands at some moment of a history. */
export interface RowSeen {
  readonly record: LeaseRecord;
  /** When it was made. */
  readonly at: number;
  /** The write that made it; `undefined` for a hand. */
  readonly by: Executed | undefined;
}

/** The rows of a group, as a history goes on. A ring or a request makes no new state. */
export class Replay {
  readonly #name: string;
  readonly #rows = new Map<string, RowSeen>();

  constructor(name: string) {
    this.#name = name;
  }

  note(event: HistoryEvent): void {
    if (event.kind === "row") {
      if (event.after === undefined) this.#rows.delete(event.lease);
      else this.#rows.set(event.lease, { record: event.after, at: event.at, by: undefined });
    }
    if (event.kind !== "executed" || event.after === undefined) return;
    const address = addressOf(event.write);
    const before = this.#rows.get(address);
    const same = event.write.piggybacks === true && before !== undefined;
    const made = same ? before : { at: event.at, by: event };
    this.#rows.set(address, { ...made, record: event.after });
  }

  /** What the table has at an address. */
  at(address: string): RowSeen | undefined {
    return this.#rows.get(address);
  }

  /** The row of a session. */
  session(id: string): RowSeen | undefined {
    return this.#rows.get(`${this.#name}/${sessionRow(id)}`);
  }

  /** Whether a session has its holder still, as its row says. */
  lasts({ id, token }: { readonly id: string; readonly token: number }): boolean {
    const { record } = this.session(id) ?? {};
    return record?.holder === id && record.token === token;
  }

  /** All shards' rows. */
  *shards(): Generator<readonly [string, RowSeen]> {
    for (const [address, seen] of this.#rows)
      if (seen.record.row?.startsWith(AUXILIARY.shard) === true) yield [address, seen];
  }
}

/** Whether a write is on a session's row. */
export const onSession = ({ write }: Executed): boolean => write.row?.startsWith(AUXILIARY.session) === true;

/** Whether a write is on a shard's row. */
export const onShard = ({ write }: Executed): boolean => write.row?.startsWith(AUXILIARY.shard) === true;

/** A shard's term in messages. */
export const termText = ({ lease, holder, token }: TermLog): string =>
  `${lease} of ${holder} (token ${token})`;

/** Whether an id is that of a process: it has its name in it, or is its host's for all times. */
export function isOwn(process: string, holder: string | undefined): boolean {
  if (holder === undefined) return true;
  if (holder.startsWith(STABLE)) return process.startsWith(`${holder.slice(STABLE.length)}.`);
  return holder.includes(`/${process}.`);
}
