import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type OwnedProcess, signalQuietly, spawnOwned } from "../../../local/processes/warden.ts";
import type { CandidateConfig, Order, Report } from "../candidate/messages.ts";
import { type Link, monotonicMs } from "../proxy/link.ts";
import type { Account } from "./account.ts";
import { forgetSharedMemory, type ProcessClock, type WrongClock } from "./clocks.ts";

const PROGRAM = fileURLToPath(new URL("../candidate/candidate-process.ts", import.meta.url));
/** How far a clock may be from what was asked for and still count as that. */
const CLOCK_TOLERANCE_MS = 2_000;
const STOP_PATIENCE_MS = 10_000;

/** What a candidate is made of. */
export interface CandidateOptions {
  readonly config: Omit<CandidateConfig, "endpoint" | "seed">;
  readonly link: Link;
  /** Its wall clock; `undefined` where clocks cannot be shifted. */
  readonly clock: ProcessClock | undefined;
  readonly account: Account;
}

/** One candidate over all its lives: killed, it is started again, on the same link. */
export class Candidate {
  readonly #options: CandidateOptions;
  #process: OwnedProcess | undefined;
  #ready = false;
  #frozen = false;
  #expectedEnd = false;
  #clockJustSet: "clock shift" | "clock step" | undefined;
  #lastWords = "";

  constructor(options: CandidateOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.config.name;
  }

  get role(): CandidateConfig["role"] {
    return this.#options.config.role;
  }

  get link(): Link {
    return this.#options.link;
  }

  /** How long its terms last without renewal, in ms. */
  get durationMs(): number {
    return this.#options.config.durationMs;
  }

  /** Whether it runs, has told so, and is not frozen. */
  get active(): boolean {
    return this.#ready && !this.#frozen;
  }

  /** Starts it, by a clock as wrong as given. */
  async start(seed: number, wrong: WrongClock | undefined): Promise<void> {
    const { config, link, clock } = this.#options;
    if (clock !== undefined && wrong !== undefined) {
      await clock.turn(wrong);
      this.#clockJustSet = "clock shift";
    }
    const full: CandidateConfig = { ...config, endpoint: link.endpoint, seed };
    this.#expectedEnd = false;
    this.#lastWords = "";
    const owned = await spawnOwned(process.execPath, [PROGRAM, JSON.stringify(full)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, ...clock?.env, NODE_OPTIONS: "" },
    });
    this.#process = owned;
    owned.child.on("error", () => {});
    owned.child.on("message", (report: Report) => this.#hear(report));
    owned.child.stderr?.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-2_000);
    });
    void this.#mourn(owned);
  }

  /** Tells it something, if it can hear. */
  tell(order: Order): void {
    const child = this.#process?.child;
    if (this.#ready && child?.connected) child.send(order, () => {});
  }

  /** Stops it in its tracks, as a garbage collection, a suspended machine or a frozen function would. */
  freeze(): void {
    this.#frozen = true;
    this.#signal("SIGSTOP");
  }

  /** Lets it go on. */
  thaw(): void {
    this.#frozen = false;
    this.#signal("SIGCONT");
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#expectedEnd = true;
    this.#ready = false;
    await this.#process?.kill();
    this.#frozen = false;
  }

  /** Steps its wall clock while it runs. */
  async stepClock(wrong: WrongClock): Promise<void> {
    await this.#options.clock?.turn(wrong);
    this.#clockJustSet = "clock step";
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
  async #mourn({ gone, child }: OwnedProcess): Promise<void> {
    const { code, signal } = await gone;
    this.#ready = false;
    forgetSharedMemory(child.pid);
    if (this.#expectedEnd && (code === 0 || signal !== null)) return;
    const how = `ended with ${signal ?? code}: ${this.#lastWords.trim()}`;
    this.#options.account.surprises.push(`${this.name} ${how}`);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.child.pid;
    if (pid !== undefined && this.#process?.child.exitCode === null) signalQuietly(pid, signal);
  }

  #hear(report: Report): void {
    if (report.kind === "ready") this.#ready = true;
    else if (report.kind === "clock") this.#checkClock(report.wallMinusMonoMs);
    else this.#options.account.hear(this.name, report);
  }

  /** A clock fault counts once the candidate itself has seen it. */
  #checkClock(wallMinusMonoMs: number): void {
    const { clock, account } = this.#options;
    if (clock === undefined || this.#clockJustSet === undefined) return;
    const aheadMs = wallMinusMonoMs - (Date.now() - monotonicMs());
    const { set } = clock;
    if (Math.abs(aheadMs - set.aheadMs) > CLOCK_TOLERANCE_MS + Math.abs(set.rate - 1) * 60_000) return;
    if (set.aheadMs !== 0) account.faults.add(this.#clockJustSet);
    if (set.rate !== 1) account.faults.add("clock drift");
    this.#clockJustSet = undefined;
  }
}
