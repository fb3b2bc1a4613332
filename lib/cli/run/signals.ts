import type { CommandGroup } from "./command-group.ts";

/** What ends leasehold while no command runs, as it ends any program. */
const ENDING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
/** What asks many programs for something else: to load their settings anew, or to print their threads. */
const ELSE: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGQUIT"]);
/** What is passed on besides: what services agree on with their programs, and a window's new size. */
const OTHERS: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGUSR2", "SIGWINCH"];

/**
 * Passes signals on to the command while one runs. What comes when none runs ends the wait for the lease. A stop from the terminal
 * (Ctrl-Z) stops the command and leasehold, and both go on together.
 */
export class Signals implements Disposable {
  readonly #told = new AbortController();
  readonly #handlers = new Map<NodeJS.Signals, () => void>();
  #endPassedOn = false;
  /** The command that runs. */
  group: CommandGroup | undefined;

  constructor() {
    for (const signal of [...ENDING, ...OTHERS]) {
      this.#on(signal, () => {
        const { group } = this;
        const ends = ENDING.includes(signal);
        if (group === undefined) {
          if (ends) this.#told.abort(signal);
          return;
        }
        if (ends && (!ELSE.has(signal) || group.isBeingEnded)) this.#endPassedOn = true;
        group.signal(signal);
      });
    }
    this.#on("SIGTSTP", () => {
      this.group?.signal("SIGSTOP");
      process.kill(process.pid, "SIGSTOP");
    });
    this.#on("SIGCONT", () => this.group?.signal("SIGCONT"));
  }

  /** Aborted by the first signal that came while no command ran; its reason is the signal's name. */
  get told(): AbortSignal {
    return this.#told.signal;
  }

  /**
   * Whether a command was passed a signal that asks programs to end: nothing is to be run anew then. SIGHUP and SIGQUIT count only where they
   * came while the command was being ended.
   */
  get endPassedOn(): boolean {
    return this.#endPassedOn;
  }

  #on(signal: NodeJS.Signals, handler: () => void): void {
    this.#handlers.set(signal, handler);
    process.on(signal, handler);
  }

  /** Lets signals be. */
  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) process.removeListener(signal, handler);
  }
}
