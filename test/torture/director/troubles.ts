import { setTimeout as delay } from "node:timers/promises";
import type { Chance } from "../../simulation/world/chance.ts";
import type { Account } from "./account.ts";
import type { Candidate } from "./candidate.ts";
import { drawClock, type WrongClock } from "./clocks.ts";

/** What is done to processes and to their ways as a whole, and what it promises by it. */
export const PROCESS_FAULTS = {
  frozen: "stopped with SIGSTOP for a while",
  "frozen past its term": "stopped with SIGSTOP while leading, for longer than its lease lasts",
  killed: "killed with SIGKILL and started again",
  "killed while leading": "killed with SIGKILL while leading",
  "cut off": "gets slow answers, then reaches nothing for some seconds, and nothing tells it so",
} as const;

/** What is done to wall clocks, where libfaketime is installed. */
export const CLOCK_FAULTS = {
  "clock shift": "starts with a wall clock up to 5 minutes off",
  "clock step": "has its wall clock stepped while it runs",
  "clock drift": "has a wall clock that runs 1 to 5 % too fast or too slow",
} as const;

/** Seeks out candidates, leaders first, and does things to them. */
export class Troubles {
  readonly #candidates: readonly Candidate[];
  readonly #chance: Chance;
  readonly #account: Account;
  readonly #clockErrorMs: number | undefined;
  readonly #over = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #busy = new Set<Candidate>();
  #births = 0;

  constructor(
    candidates: readonly Candidate[],
    chance: Chance,
    account: Account,
    options: { readonly clockErrorMs: number | undefined },
  ) {
    this.#candidates = candidates;
    this.#chance = chance;
    this.#account = account;
    this.#clockErrorMs = options.clockErrorMs;
  }

  /** Starts a candidate, by a clock that may be wrong. */
  async bear(candidate: Candidate): Promise<void> {
    this.#births += 1;
    const seed = Math.floor(this.#chance.of("births").fraction() * 2 ** 31) + this.#births;
    await candidate.start(seed, this.#drawClock("births/clock"));
  }

  /** Makes trouble every few seconds, until it is told that this is over. */
  async make(meanMs: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#wait(100 + this.#chance.of("troubles/when").wait(meanMs));
      const target = this.#target();
      if (this.#over.signal.aborted || target === undefined) continue;
      this.#busy.add(target);
      const trouble = this.#strike(target)
        .catch((error: unknown) => {
          this.#account.surprises.push(`trouble with ${target.name}: ${String(error)}`);
        })
        .finally(() => {
          this.#busy.delete(target);
          this.#underWay.delete(trouble);
        });
      this.#underWay.add(trouble);
    }
  }

  /** Ends all trouble: who is frozen goes on, who is dead starts again, who is cut off is joined again. */
  async end(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#underWay);
  }

  /** Now and then anyone, mostly the leader. */
  #target(): Candidate | undefined {
    const free = this.#candidates.filter((one) => one.active && !this.#busy.has(one));
    const leader = free.find((one) => this.#leads(one));
    if (leader !== undefined && this.#chance.of("troubles/leader").happens(0.6)) return leader;
    // Somebody has to be left who can lead.
    return this.#busy.size >= this.#candidates.length - 2
      ? undefined
      : this.#chance.of("troubles/target").pick(free);
  }

  async #strike(target: Candidate): Promise<void> {
    const kinds = ["freeze", "freeze", "freeze", "kill", "kill", "cut", "cut", "cut", "step"] as const;
    switch (this.#chance.of("troubles/kind").pick(kinds)) {
      case "freeze":
        return this.#freeze(target);
      case "kill":
        return this.#kill(target);
      case "cut":
        return this.#cut(target);
      default:
        await this.#step(target);
    }
  }

  async #freeze(target: Candidate): Promise<void> {
    const leads = this.#leads(target);
    const forMs = this.#chance.of("troubles/freeze").spread(200, 12_000);
    target.freeze();
    const began = performance.now();
    await this.#wait(forMs);
    target.thaw();
    this.#account.faults.add("frozen");
    if (leads && performance.now() - began > target.durationMs) {
      this.#account.faults.add("frozen past its term");
    }
  }

  async #kill(target: Candidate): Promise<void> {
    const leads = this.#leads(target);
    await target.kill();
    this.#account.bury(target.name);
    this.#account.faults.add("killed");
    if (leads) this.#account.faults.add("killed while leading");
    await this.#wait(this.#chance.of("troubles/dead").spread(100, 4_000));
    await this.bear(target);
  }

  async #cut(target: Candidate): Promise<void> {
    // The way gets slow before it breaks, so that what was last heard was heard late.
    target.link.slow(this.#chance.of("troubles/slow").between(0, target.durationMs / 5));
    await this.#wait(this.#chance.of("troubles/slow-for").between(0, 2_000));
    target.link.cut();
    await this.#wait(this.#chance.of("troubles/cut").spread(500, 10_000));
    target.link.join();
    this.#account.faults.add("cut off");
  }

  #leads({ name }: Candidate): boolean {
    return this.#account.leaders.includes(name);
  }

  async #step(target: Candidate): Promise<void> {
    const wrong = this.#drawClock("troubles/step");
    if (wrong !== undefined) await target.stepClock(wrong);
  }

  /** How wrong a wall clock is next; nothing where clocks cannot be shifted. */
  #drawClock(draw: string): WrongClock | undefined {
    if (this.#clockErrorMs === undefined) return undefined;
    return drawClock(this.#chance.of(draw), this.#clockErrorMs);
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#over.signal }).catch(() => {});
  }
}
