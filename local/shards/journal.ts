import type { WorkerMessage } from "./messages.ts";

/** One worker's lead of one shard. Instants are this machine's monotonic clock, in ms. */
export interface Term {
  readonly shard: string;
  readonly worker: string;
  readonly token: number;
  readonly from: number;
  /** `undefined` while it lasts. */
  to: number | undefined;
}

/** What the runner did to the workers, and what came of it. */
export interface Stage {
  readonly what: "start" | "kill" | "join" | "leave";
  /** To whom; at the start all begin together. */
  readonly worker: string | undefined;
  readonly at: number;
  /** Who takes part from then on. */
  readonly workers: readonly string[];
  /** When whoever leaves had released all its shards. */
  goneAt: number | undefined;
  /** When every shard was led again, each worker leading its share; `undefined` if that did not come in time. */
  settledAt: number | undefined;
}

/** Who led what, and when, as the workers told it. */
export class Journal {
  readonly terms: Term[] = [];
  readonly stages: Stage[] = [];
  /** When workers were killed. */
  readonly #killed = new Map<string, number>();

  note(worker: string, message: Extract<WorkerMessage, { kind: "led" | "left" }>): void {
    const { kind, shard, token, at } = message;
    // What a worker said in its last moment may be heard after its end.
    const killedAt = this.#killed.get(worker);
    const to = killedAt === undefined ? undefined : Math.max(at, killedAt);
    if (kind === "led") this.terms.push({ shard, worker, token, from: at, to });
    else this.#close((term) => term.worker === worker && term.shard === shard && term.token === token, at);
  }

  /** A killed worker tells nothing of its end. */
  killed(worker: string, at: number): void {
    this.#killed.set(worker, at);
    this.#close((term) => term.worker === worker, at);
  }

  /** How many shards each worker leads now. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { worker, to } of this.terms)
      if (to === undefined) counts.set(worker, (counts.get(worker) ?? 0) + 1);
    return counts;
  }

  /** Whether every shard is led by one of these workers, and each of them leads its share. */
  isSettled(workers: readonly string[], shards: number): boolean {
    const counts = this.counts();
    const led = workers.map((worker) => counts.get(worker) ?? 0);
    const share = shards / workers.length;
    return (
      led.reduce((sum, count) => sum + count, 0) === shards &&
      led.every((count) => count >= Math.floor(share) && count <= Math.ceil(share))
    );
  }

  #close(which: (term: Term) => boolean, at: number): void {
    for (const term of this.terms)
      if (term.to === undefined && which(term)) term.to = Math.max(at, term.from);
  }
}
