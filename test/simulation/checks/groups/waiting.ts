import type { Checker, History } from "../../history.ts";
import { REQUESTS_MS, SPREAD_MS } from "./leading.ts";
import { onSession, onShard, Replay, type RowSeen } from "./replay.ts";
import { complaints } from "./sessions.ts";

/** Since when a shard may be led by anyone: `undefined` while it may not. In the future where it is kept until then. */
interface Free {
  readonly at: number;
  /** The shard's row, as it stood then; `undefined` where there was none. */
  readonly seen: RowSeen | undefined;
}

interface Wait {
  readonly process: string;
  readonly lease: string;
  readonly since: number;
}

/**
 * In a calm world nobody who waits for one shard waits for long once it is free: before a retry is over, and the time that those who look
 * together spread over and that their requests take, somebody leads it. A shard is free when its row is vacant, and when the session
 * behind its row was ended by a write on its own row: closed, buried, or begun anew. No row of a shard changes by that. One that nobody
 * has led yet has no row, and is free.
 *
 * What is kept, by a reservation or for a minimum hold, is free when it can be proven that this is over. A lock-delay is a part of its
 * session: who ends that by evidence has waited for it.
 */
export const waiting: Checker = (history) => {
  const found = complaints("waiting");
  if (history.calm) new Waiting(history, found).read();
  return found.all;
};

class Waiting {
  readonly #history: History;
  readonly #found: ReturnType<typeof complaints>;
  readonly #replay: Replay;
  readonly #allowedMs: number;
  readonly #waits = new Map<number, Wait>();
  readonly #free = new Map<string, Free>();

  constructor(history: History, found: ReturnType<typeof complaints>) {
    const { retryIntervalMs, clockDriftRatio } = history.timing;
    this.#history = history;
    this.#found = found;
    this.#replay = new Replay(history.group?.name ?? "");
    this.#allowedMs = retryIntervalMs * (1 + clockDriftRatio) + SPREAD_MS + REQUESTS_MS;
  }

  read(): void {
    for (const event of this.#history.events) {
      this.#replay.note(event);
      const { at } = event;
      if (event.kind === "waits") this.#waits.set(event.operation, { ...event, since: at });
      if (event.kind === "waited") this.#end(event.operation, at);
      if (event.kind === "crashed")
        for (const [operation, { process }] of this.#waits)
          if (process === event.process) this.#end(operation, at);
      const isWrite = event.kind === "executed" && event.after !== undefined;
      if (event.kind === "waits" || event.kind === "row") this.#look(at);
      if (isWrite && (onShard(event) || onSession(event))) this.#look(at);
    }
    for (const operation of this.#waits.keys()) this.#end(operation, this.#history.endedAt);
  }

  /** Notes which shards are free now. Who has waited for one that is free no more, or for other reasons, has waited until now. */
  #look(at: number): void {
    const addresses = new Set(this.#free.keys());
    for (const [address] of this.#replay.shards()) addresses.add(address);
    for (const { lease } of this.#waits.values()) addresses.add(lease);
    for (const address of addresses) {
      const last = this.#free.get(address);
      const next = this.#freeFrom(address, at);
      if (last !== undefined && next !== undefined && last.seen === next.seen) continue;
      for (const wait of this.#waits.values()) if (wait.lease === address) this.#judge(wait, at);
      if (next === undefined) this.#free.delete(address);
      else this.#free.set(address, next);
    }
  }

  #freeFrom(address: string, at: number): Free | undefined {
    const seen = this.#replay.at(address);
    if (seen === undefined) return { at, seen };
    const { holder, sessionToken = 0, reservedFor } = seen.record;
    if (holder !== undefined)
      return this.#replay.lasts({ id: holder, token: sessionToken }) ? undefined : { at, seen };
    return { at: reservedFor === undefined ? at : this.#keptUntil(seen), seen };
  }

  /** When it can be proven that a reservation is over: by the service's clock, which tells seconds, or by watching the row. */
  #keptUntil({ record: { expiresAt, durationMs }, at }: RowSeen): number {
    const { timing, epochMs } = this.#history;
    const { graceMs, serviceClockErrorMs, retryIntervalMs, clockDriftRatio } = timing;
    if (expiresAt === undefined)
      return at + (durationMs + retryIntervalMs * (1 + clockDriftRatio)) / (1 - clockDriftRatio);
    return Math.ceil((expiresAt + graceMs) / 1_000) * 1_000 + serviceClockErrorMs - epochMs;
  }

  #end(operation: number, at: number): void {
    const wait = this.#waits.get(operation);
    this.#waits.delete(operation);
    if (wait !== undefined) this.#judge(wait, at);
  }

  /** Somebody has waited until now, whatever ends that. */
  #judge({ process, lease, since }: Wait, at: number): void {
    const free = this.#free.get(lease);
    if (free === undefined) return;
    const from = Math.max(since, free.at);
    if (at - from <= this.#allowedMs) return;
    const text = `${process} waits for ${lease}, which is free, and nobody leads it within ${Math.round(this.#allowedMs)} ms`;
    this.#found.add(from + this.#allowedMs, text);
  }
}
