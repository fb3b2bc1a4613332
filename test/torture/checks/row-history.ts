import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";

/** What the checks need of a state of the lease's row. */
export interface RowState {
  readonly revision: number;
  readonly token: number;
  readonly holder: string | undefined;
  readonly writeId: string;
  readonly tick: string | undefined;
  readonly expiresAt: number | undefined;
  /** Whom the vacant lease is kept for: an id, or `@` and a label. */
  readonly reservedFor: string | undefined;
  /** Of a shard: the token of its holder's session. */
  readonly sessionToken?: number | undefined;
}

/** Reads a row as the engine shows it; `undefined` for no row. */
export function rowStateOf(item: Record<string, AttributeValue> | undefined): RowState | undefined {
  if (item === undefined || Object.keys(item).length === 0) return undefined;
  const row = unmarshall(item, { wrapNumbers: Number });
  const { revision, token, holder, writeId, tick, expiresAt, reservedFor, sessionToken } = row;
  return { revision, token, holder, writeId, tick, expiresAt, reservedFor, sessionToken };
}

/** A moment from which on the row had reached a revision. */
export interface Reached {
  readonly at: number;
  readonly revision: number;
}

/**
 * The whole past of the lease's row, by revision: pieced together from what the engine showed of it, in whatever
 * order the answers came.
 */
export class RowHistory {
  /** The states by revision. */
  readonly states = new Map<number, RowState>();
  /** How many accepted writes there were upon each revision. */
  readonly writesUpon = new Map<number, number>();
  /** Revisions that were shown in two different states. */
  readonly contradictions: string[] = [];
  /** Since when the row is known to have reached a revision, rising. */
  readonly reached: Reached[] = [{ at: -Infinity, revision: 0 }];

  /** Notes that the row was shown in a state. */
  saw(state: RowState | undefined, at: number): void {
    if (state === undefined) return;
    const known = this.states.get(state.revision);
    if (known === undefined) this.states.set(state.revision, state);
    else if (known.writeId !== state.writeId || known.token !== state.token) {
      this.contradictions.push(
        `revision ${state.revision} was shown as token ${known.token} by write ${known.writeId} and as token ${state.token} by write ${state.writeId}`,
      );
    }
    this.#reach(state.revision, at);
  }

  /** Notes that a write was accepted upon a state. */
  wrote(before: RowState | undefined, at: number): void {
    this.saw(before, at);
    const revision = before?.revision ?? 0;
    this.writesUpon.set(revision, (this.writesUpon.get(revision) ?? 0) + 1);
    this.#reach(revision + 1, at);
  }

  #reach(revision: number, at: number): void {
    const last = this.reached.at(-1);
    if (last !== undefined && revision > last.revision) this.reached.push({ at, revision });
  }
}
