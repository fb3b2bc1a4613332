import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { localEnvironment } from "../../local/engine.ts";
import { exampleArguments } from "../../local/example-program.ts";

const repo = join(import.meta.dirname, "../..");
/** An example, started as a program of its own, and what it has printed. Killed when its scope ends. */
export class ExampleProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #printed = "";

  /**
   * Starts it with nothing of this process's environment but what a developer sets for a local engine.
   * @param example a file in `examples/`
   * @param env further variables
   */
  constructor(example: string, env: Readonly<Record<string, string>>) {
    const { AWS_ENDPOINT_URL_DYNAMODB: _, ...local } = localEnvironment("");
    this.#child = spawn(process.execPath, exampleArguments(example), {
      cwd: repo,
      env: { ...local, ...env },
    });
    // Not "exit", after which there may be something left to read.
    this.#exited = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.#printed += chunk));
    }
  }

  /** Resolves with all that it has printed, once that matches; fails after two minutes, which a starved machine may need. */
  async prints(what: RegExp): Promise<string> {
    // Not `expect.poll`, which wants to know its test: several may run at once.
    await vi.waitFor(() => expect(this.#printed).toMatch(what), { timeout: 120_000, interval: 20 });
    return this.#printed;
  }

  /** Resolves with how it ended: its exit code and what it printed. */
  async ended(): Promise<{ readonly code: number | null; readonly printed: string }> {
    const [code] = (await this.#exited) as [number | null];
    return { code, printed: this.#printed };
  }

  /** Asks it to stop, as a platform does, and resolves with how it ended. */
  async stop(): Promise<{ readonly code: number | null; readonly printed: string }> {
    this.#child.kill("SIGTERM");
    return this.ended();
  }

  /** Asks it to stop, as Ctrl-C does: where npm has started it, it hears of it from the terminal and from npm. */
  async interrupt(): Promise<{ readonly code: number | null; readonly printed: string }> {
    this.#child.kill("SIGINT");
    this.#child.kill("SIGINT");
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
