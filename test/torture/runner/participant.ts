import { setTimeout as delay } from "node:timers/promises";
import { type Link, monotonicMs } from "../../../local/harness/link.ts";
import { type OwnedProcess, spawnOwned } from "../../../local/harness/processes.ts";
import type { ProcessConfig, Report } from "../candidate/messages.ts";
import { forgetSharedMemory, type ProcessClock, type WrongClock } from "./clocks.ts";
import { type Journal, tally } from "./journal.ts";

/** How far a clock may be from what was asked for and still count as that. */
const CLOCK_TOLERANCE_MS = 2_000;
const STOP_PATIENCE_MS = 10_000;

/** What the runner knows of a process before it is started. */
export type Told = Omit<ProcessConfig, "endpoint" | "seed">;

/** What a participant is made of. */
export interface ParticipantOptions<C extends Told> {
  /** The file that its processes run. */
  readonly program: string;
  readonly config: C;
  readonly link: Link;
  /** Its wall clock; `undefined` where clocks cannot be shifted. */
  readonly clock: ProcessClock | undefined;
  readonly journal: Journal;
}

/** One candidate, or one worker, over all its lives: killed, it is started again, on the same link. */
export class Participant<C extends Told = Told> {
  readonly name: string;
  /** What each of its processes is told. */
  readonly config: C;
  /** How long its terms last without renewal, in ms. */
  readonly durationMs: number;
  readonly link: Link;
  readonly #options: ParticipantOptions<C>;
  #process: OwnedProcess | undefined;
  #ready = false;
  #expectedEnd = false;
  #clockJustSet: "clock shift" | "clock step" | undefined;

  constructor(options: ParticipantOptions<C>) {
    const { config, link } = options;
    this.#options = options;
    this.name = config.name;
    this.config = config;
    this.durationMs = config.durationMs;
    this.link = link;
  }

  /** Whether it runs and has told so. */
  get active(): boolean {
    return this.#ready;
  }

  /** The process of its present life. */
  get process(): OwnedProcess | undefined {
    return this.#process;
  }

  /** Starts it, by a clock as wrong as given. */
  async start(seed: number, wrong: WrongClock | undefined): Promise<void> {
    const { program, config, link, clock } = this.#options;
    if (wrong !== undefined) await this.#setClock(wrong, "clock shift");
    const full: C & ProcessConfig = { ...config, endpoint: link.endpoint, seed };
    this.#expectedEnd = false;
    this.#process = await spawnOwned(process.execPath, [program, JSON.stringify(full)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, ...clock?.env, NODE_OPTIONS: "" },
    });
    this.#process.child.on("message", (report: Report) => this.#hear(report));
    void this.#watch(this.#process);
  }

  /** Tells it something, if it can hear. */
  tell(order: object): void {
    if (this.#ready) this.#process?.tell(order);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#expectedEnd = true;
    this.#ready = false;
    await this.#process?.kill();
  }

  /** Steps its wall clock while it runs. */
  stepClock(wrong: WrongClock): Promise<void> {
    return this.#setClock(wrong, "clock step");
  }

  /** Asks it to end: it releases what it holds. */
  async stop(): Promise<void> {
    this.tell({ kind: "stop" });
    this.#expectedEnd = true;
    const ended = new AbortController();
    const { signal } = ended;
    await Promise.race([this.#process?.gone, delay(STOP_PATIENCE_MS, undefined, { signal }).catch(() => {})]);
    ended.abort();
    await this.kill();
  }

  /** Waits for a process's end, and takes down one that nobody wanted. */
  async #watch({ gone, pid, child }: OwnedProcess): Promise<void> {
    let lastWords = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(-2_000);
    });
    const { code, signal } = await gone;
    this.#ready = false;
    forgetSharedMemory(pid);
    if (this.#expectedEnd && (code === 0 || signal !== null)) return;
    this.#options.journal.surprises.push(`${this.name} ended with ${signal ?? code}: ${lastWords.trim()}`);
  }

  #hear(report: Report): void {
    if (report.kind === "ready") this.#ready = true;
    else if (report.kind === "clock") this.#checkClock(report.wallMinusMonoMs);
    else this.#options.journal.hear(this.name, report);
  }

  async #setClock(wrong: WrongClock, fault: "clock shift" | "clock step"): Promise<void> {
    await this.#options.clock?.turn(wrong);
    this.#clockJustSet = fault;
  }

  /** A clock fault counts once the candidate itself has seen it. */
  #checkClock(wallMinusMonoMs: number): void {
    const { clock, journal } = this.#options;
    if (clock === undefined || this.#clockJustSet === undefined) return;
    const aheadMs = wallMinusMonoMs - (Date.now() - monotonicMs());
    const { set } = clock;
    if (Math.abs(aheadMs - set.aheadMs) > CLOCK_TOLERANCE_MS + Math.abs(set.rate - 1) * 60_000) return;
    if (set.aheadMs !== 0) tally(journal.faults, this.#clockJustSet);
    if (set.rate !== 1) tally(journal.faults, "clock drift");
    this.#clockJustSet = undefined;
  }
}
