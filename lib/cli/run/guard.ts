import { type ChildProcess, spawn } from "node:child_process";
import { monotonicMs } from "./clocks.ts";
import { GUARD } from "./guard-terms.ts";

/** A guard that ends sooner than that has not started at all, in ms. */
const STARTED_MS = 1_000;
/** How soon to start it again then, in ms. */
const RETRY_MS = 1_000;

/**
 * The guard: a small process beside a command that is run, in a session of its own. It ends the command when leasehold is gone without
 * having ended it (SIGKILL, a crash), and when leasehold stands still past the end of the term (SIGSTOP, a stopped terminal job). See
 * `guard-process.ts`.
 */
export class Guard {
  readonly #graceMs: number;
  readonly #state = new Map<string, string>();
  #process: ChildProcess | undefined;
  readonly #onFailure: (why: string) => void;
  #dismissed = false;
  #failed = false;

  /** @param onFailure is told once when the guard cannot be started; that is tried again and again */
  constructor(graceMs: number, onFailure: (why: string) => void) {
    this.#graceMs = graceMs;
    this.#onFailure = onFailure;
    this.#start();
  }

  /** Puts a process group under guard. */
  watch(group: number): void {
    this.#tell("group", group);
  }

  /** Says when the term ends unless it is renewed, by the machine's monotonic clock in ms. */
  until(at: number): void {
    this.#tell("until", at);
  }

  /** Says that the command has been told to end: only to kill it is left to the guard. */
  told(): void {
    this.#tell("told", 1);
  }

  /** Ends it: the command is over. */
  dismiss(): void {
    this.#dismissed = true;
    this.#process?.stdin?.end("over\n");
  }

  #tell(word: string, value: number): void {
    const line = `${word} ${value}`;
    this.#state.set(word, line);
    this.#process?.stdin?.write(`${line}\n`);
  }

  /** Whoever kills the guard alone leaves the command unguarded for a moment. One that cannot even start is tried at intervals. */
  #restart(began: number, why: string): void {
    if (this.#dismissed) return;
    if (monotonicMs() - began > STARTED_MS) return this.#start();
    if (!this.#failed) this.#onFailure(why);
    this.#failed = true;
    setTimeout(() => {
      if (!this.#dismissed) this.#start();
    }, RETRY_MS).unref();
  }

  #start(): void {
    const [program = ""] = process.argv.slice(1);
    const began = monotonicMs();
    const guard = spawn(process.execPath, [program, GUARD, String(this.#graceMs), ...this.#state.values()], {
      // A signal to leasehold's group is none to the guard, and it needs nothing of the environment.
      detached: true,
      env: {},
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.once("error", (error) => this.#restart(began, error.message));
    guard.stdin?.on("error", () => {});
    guard.once("exit", (code, signal) => this.#restart(began, `it ended with ${signal ?? code}`));
    guard.unref();
    this.#process = guard;
  }
}
