import type { IPty } from "@lydell/node-pty";
import { reaper } from "../../local/harness/reaper.ts";
import { cliCommand, cliEnvironment, type CliSettings } from "./cli.ts";
import { eventually } from "./running-cli.ts";

const pty = await import("@lydell/node-pty").catch((error: unknown) => {
  console.log(`no pseudo-terminal here, so the tests with one are skipped: ${String(error)}`);
  return undefined;
});

/** Whether a pseudo-terminal can be had: the package is native. */
export const hasTerminals = pty !== undefined;

/** A `leasehold` on a terminal of its own, and all that it has shown. Killed when its scope ends. */
export class OnTerminal implements AsyncDisposable {
  readonly #pty: IPty;
  readonly #exited: Promise<number>;
  screen = "";

  constructor(settings: CliSettings, ...argv: string[]) {
    const [file, args] = cliCommand(...argv);
    if (pty === undefined) throw new Error("no pseudo-terminal");
    this.#pty = pty.spawn(file, args, { env: cliEnvironment(settings), cols: 80, rows: 24 });
    reaper.list(`pid ${this.#pty.pid}`);
    this.#pty.onData((data) => (this.screen += data));
    this.#exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number): void {
    this.#pty.resize(columns, 24);
  }

  signal(signal: string): void {
    this.#pty.kill(signal);
  }

  async shows(what: RegExp): Promise<void> {
    if (await eventually(() => what.test(this.screen))) return;
    throw new Error(`no ${what} on the screen: ${this.screen}`);
  }

  ended(): Promise<number> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pty.kill("SIGKILL");
    await this.#exited;
    await reaper.strike(`pid ${this.#pty.pid}`);
  }
}
