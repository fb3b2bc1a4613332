import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { Writable } from "node:stream";
import { CommandFailure } from "../failure.ts";
import { EXIT } from "../exit-codes.ts";
import { monotonicMs } from "./clocks.ts";
import { commandGone, commandLives, endCommand, killCommand, signalGroup } from "./process-group.ts";

/** How long what was killed may take to be gone, in ms; a zombie that nobody counts is not waited for. */
const PATIENCE_MS = 2_000;

/** Waits for a line, and closes the gate behind itself. Then the shell may become the command. */
const GATE = "read -r LEASEHOLD_GATE <&3 || exit; exec 3<&-";

/** What a shell takes for the name of a variable. */
const SHELL_NAME = /^[A-Za-z_]\w*$/;

/**
 * Names variables anew that many shells would not pass on, such as `discovery.type`, and writes what gives them their names back: `env`
 * does that as the last step. Their values are on no command line but for that moment.
 */
function throughShell(command: readonly string[], env: NodeJS.ProcessEnv) {
  const passed: NodeJS.ProcessEnv = {};
  const steps: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    // `env` would take a program with such a name for a variable.
    if (SHELL_NAME.test(name) || command[0]?.includes("=")) passed[name] = value;
    else {
      const as = `LEASEHOLD_PASSED_${steps.length}`;
      passed[as] = `${name}=${value}`;
      steps.push(`set -- "$${as}" "$@"; unset ${as}`);
    }
  }
  if (steps.length > 0) steps.push('set -- env "$@"');
  return { script: [GATE, ...steps, 'exec "$@"'].join("\n"), env: passed };
}

/** The exit code of a program that a signal ended, as shells tell it. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

/**
 * A command, and all that it starts: a session of its own, and in it a process group. Standard input, output and error are leasehold's own, so
 * nothing of them is lost. A session has no controlling terminal unless it opens one, so the command may read from the terminal of
 * leasehold without being stopped for it (SIGTTIN).
 */
export class CommandGroup {
  readonly #child: ChildProcess;
  readonly #group: number;
  readonly #exited: Promise<number>;
  #killAt = Infinity;
  #killer: NodeJS.Timeout | undefined;

  private constructor(child: ChildProcess, group: number) {
    this.#child = child;
    this.#group = group;
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(code ?? exitCodeOfSignal(signal ?? "SIGKILL")));
    });
  }

  /**
   * Makes a command's process, which runs nothing before it is let through by {@link open}: until then somebody can be told of it. If
   * this process is gone before, the command never begins.
   */
  static make(command: readonly string[], env: NodeJS.ProcessEnv): CommandGroup {
    const stdio = ["inherit", "inherit", "inherit", "pipe"] as const;
    const shell = throughShell(command, env);
    const child = spawn("/bin/sh", ["-c", shell.script, "leasehold", ...command], {
      env: shell.env,
      stdio: [...stdio],
      detached: true,
    });
    // A failed signal says that it is about to be gone.
    child.on("error", () => {});
    if (child.pid === undefined)
      throw new CommandFailure("cannot run /bin/sh, which starts the command", EXIT.notRun);
    return new CommandGroup(child, child.pid);
  }

  /** The group's id, which is that of the command's process. */
  get id(): number {
    return this.#group;
  }

  /** Lets the command begin. */
  open(): void {
    const gate = this.#child.stdio[3];
    if (gate instanceof Writable) gate.on("error", () => {}).end("go\n");
  }

  /** Passes a signal on to its group. */
  signal(signal: NodeJS.Signals): void {
    signalGroup(this.#group, signal);
  }

  /** Asks all of it to end, and kills what is left after `graceMs`, or after an earlier call's, whichever is sooner. */
  end(graceMs: number): void {
    const killAt = monotonicMs() + Math.max(0, graceMs);
    if (this.#killAt === Infinity) endCommand(this.#group);
    if (killAt >= this.#killAt) return;
    this.#killAt = killAt;
    clearTimeout(this.#killer);
    this.#killer = setTimeout(() => killCommand(this.#group), Math.max(0, killAt - monotonicMs()));
  }

  /** Whether it has been asked to end by {@link end}. */
  get isBeingEnded(): boolean {
    return this.#killAt !== Infinity;
  }

  /**
   * Resolves with the command's exit code once it has ended and nothing of it is left: what it has left behind in its session is
   * ended as well, and killed after `graceMs`.
   */
  async over(graceMs: number): Promise<number> {
    const code = await this.#exited;
    if (commandLives(this.#group)) {
      this.end(graceMs);
      await commandGone(this.#group, () => monotonicMs() >= this.#killAt + PATIENCE_MS);
    }
    clearTimeout(this.#killer);
    return code;
  }

  /** Whether the command itself has ended. */
  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
