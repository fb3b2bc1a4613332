import { setTimeout as delay } from "node:timers/promises";
import type { Chance } from "../../simulation/world/chance.ts";
import { drawClock, type WrongClock } from "./clocks.ts";
import { type Journal, tally } from "./journal.ts";
import type { Participant } from "./participant.ts";

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

/** Does things to candidates, or to workers, at random, to leaders first. */
export class RandomFaults {
  readonly #candidates: readonly Participant[];
  readonly #chance: Chance;
  readonly #journal: Journal;
  readonly #clockErrorMs: number | undefined;
  readonly #over = new AbortController();
  /** Candidates to whom something is being done. */
  readonly #underWay = new Map<Participant, Promise<void>>();
  #starts = 0;

  /** `clockErrorMs` is how wrong wall clocks are at most; `undefined` where they cannot be shifted. */
  constructor(
    candidates: readonly Participant[],
    chance: Chance,
    journal: Journal,
    clockErrorMs: number | undefined,
  ) {
    this.#candidates = candidates;
    this.#chance = chance;
    this.#journal = journal;
    this.#clockErrorMs = clockErrorMs;
  }

  /** Starts a candidate, by a clock that may be wrong. */
  async start(candidate: Participant): Promise<void> {
    this.#starts += 1;
    const seed = Math.floor(this.#chance.of("births").fraction() * 2 ** 31) + this.#starts;
    await candidate.start(seed, this.#drawClock("births/clock"));
  }

  /** Strikes every few seconds, until it is told that this is over. */
  async strike(meanMs: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#wait(100 + this.#chance.of("troubles/when").wait(meanMs));
      const target = this.#target();
      if (this.#over.signal.aborted || target === undefined) continue;
      const fault = this.#strike(target)
        .catch((error: unknown) => {
          this.#journal.surprises.push(`trouble with ${target.name}: ${String(error)}`);
        })
        .finally(() => this.#underWay.delete(target));
      this.#underWay.set(target, fault);
    }
  }

  /** Ends all faults: who is frozen goes on, who is dead starts again, who is cut off is joined again. */
  async end(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#underWay.values());
  }

  /** Now and then anyone, mostly the leader. */
  #target(): Participant | undefined {
    const free = this.#candidates.filter((one) => one.active && !this.#underWay.has(one));
    const leaders = free.filter((one) => this.#leads(one));
    if (leaders.length > 0 && this.#chance.of("troubles/leader").happens(0.6))
      return this.#chance.of("troubles/which leader").pick(leaders);
    // Somebody has to be left who can lead.
    return this.#underWay.size >= this.#candidates.length - 2
      ? undefined
      : this.#chance.of("troubles/target").pick(free);
  }

  async #strike(target: Participant): Promise<void> {
    const kinds = ["freeze", "freeze", "freeze", "kill", "kill", "cut", "cut", "cut", "step"] as const;
    switch (this.#chance.of("troubles/kind").pick(kinds)) {
      case "freeze":
        return this.#freeze(target);
      case "kill":
        return this.#kill(target);
      case "cut":
        return this.#cut(target);
      default: {
        const wrong = this.#drawClock("troubles/step");
        if (wrong !== undefined) await target.stepClock(wrong);
      }
    }
  }

  async #freeze(target: Participant): Promise<void> {
    const leads = this.#leads(target);
    const forMs = this.#chance.of("troubles/freeze").spread(200, 12_000);
    target.process?.freeze();
    const began = performance.now();
    await this.#wait(forMs);
    target.process?.thaw();
    tally(this.#journal.faults, "frozen");
    if (leads && performance.now() - began > target.durationMs) {
      tally(this.#journal.faults, "frozen past its term");
    }
  }

  async #kill(target: Participant): Promise<void> {
    const leads = this.#leads(target);
    await target.kill();
    this.#journal.forget(target.name);
    tally(this.#journal.faults, "killed");
    if (leads) tally(this.#journal.faults, "killed while leading");
    await this.#wait(this.#chance.of("troubles/dead").spread(30, 4_000));
    await this.start(target);
  }

  async #cut(target: Participant): Promise<void> {
    // The way gets slow before it breaks, so that what was last heard was heard late.
    target.link.slow(this.#chance.of("troubles/slow").between(0, target.durationMs / 5));
    await this.#wait(this.#chance.of("troubles/slow-for").between(0, 2_000));
    target.link.cut();
    await this.#wait(this.#chance.of("troubles/cut").spread(500, 10_000));
    target.link.join();
    tally(this.#journal.faults, "cut off");
  }

  #leads({ name }: Participant): boolean {
    return this.#journal.leaders.includes(name);
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
