import { type ChildProcess, spawn } from "node:child_process";
import { monotonicMs } from "./clocks.ts";
import { GUARD } from "./guard-terms.ts";

/**
 * The guard: a small process beside a command that is run, in a session of its own. It ends the command when leasehold is gone without
 * having ended it (SIGKILL, a crash), and when leasehold stands still past the end of the term (SIGSTOP, a stopped terminal job). See
 * `guard-process.ts`.
 */
export class Guard {
  readonly #graceMs: number;
  readonly #state = new Map<string, string>();
  #process: ChildProcess | undefined;
  #dismissed = false;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
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
    const line = `${word} ${value}\n`;
    this.#state.set(word, line);
    this.#process?.stdin?.write(line);
  }

  #start(): void {
    const [program = ""] = process.argv.slice(1);
    const began = monotonicMs();
    const guard = spawn(process.execPath, [program, GUARD, String(this.#graceMs)], {
      // A signal to leasehold's group is none to the guard, and it needs nothing of the environment.
      detached: true,
      env: {},
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.on("error", () => {});
    guard.stdin?.on("error", () => {});
    // Whoever kills the guard alone leaves the command unguarded for a moment. One that cannot even start is not started for ever.
    guard.once("exit", () => {
      if (!this.#dismissed && monotonicMs() - began > 1_000) this.#start();
    });
    guard.unref();
    for (const line of this.#state.values()) guard.stdin?.write(line);
    this.#process = guard;
  }
}
