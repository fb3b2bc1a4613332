import { setTimeout as delay } from "node:timers/promises";
import type { IPty } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { reaper } from "../../local/harness/reaper.ts";

/** The pseudo-terminals' library, which is native code; `undefined` where it cannot be loaded, and why. */
const loaded = await import("@lydell/node-pty").then(
  (pty) => ({ pty, why: "" }),
  (error: unknown) => ({ pty: undefined, why: String(error) }),
);

/** Why there are no pseudo-terminals here, and tests that need one are skipped; `undefined` where there are. */
export const noTerminal: string | undefined =
  loaded.pty === undefined ? `no pseudo-terminal on this platform: ${loaded.why}` : undefined;

if (noTerminal !== undefined) process.stderr.write(`skipped: ${noTerminal}\n`);

/** What a terminal is like and runs. */
export interface TerminalSettings {
  readonly env: Readonly<Record<string, string>>;
  /** @default 100 */
  readonly columns?: number;
  /** @default 24 */
  readonly rows?: number;
}

/** A program on a pseudo-terminal, and what a person would see there. Ends with this process at the latest. */
export class ScreenOf implements AsyncDisposable {
  readonly #pty: IPty;
  readonly #screen: xterm.Terminal;
  readonly #gone: Promise<{ readonly exitCode: number; readonly signal?: number | undefined }>;
  #printed = "";

  /** Starts a program. */
  constructor(command: readonly [file: string, args: string[]], settings: TerminalSettings) {
    if (loaded.pty === undefined) throw new Error(noTerminal);
    const { env, columns: cols = 100, rows = 24 } = settings;
    const [file, args] = command;
    const term = { TERM: "xterm-256color", ...env };
    this.#pty = loaded.pty.spawn(file, args, { name: "xterm-256color", cols, rows, env: term });
    this.#screen = new xterm.Terminal({ cols, rows, allowProposedApi: true });
    const listed = `pid ${this.#pty.pid}` as const;
    reaper.list(listed);
    this.#pty.onData((data) => {
      this.#printed += data;
      this.#screen.write(data);
    });
    this.#gone = new Promise((resolve) => {
      this.#pty.onExit((ending) => {
        void reaper.strike(listed).then(() => resolve(ending));
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Everything that was written, control sequences included. */
  get printed(): string {
    return this.#printed;
  }

  /** The lines that are seen now, without those that are empty at the end. */
  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#screen.write("", resolve));
    const { active } = this.#screen.buffer;
    const lines = Array.from({ length: this.#screen.rows }, (_, at) =>
      (active.getLine(active.viewportY + at)?.translateToString(true) ?? "").trimEnd(),
    );
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /**
   * Resolves with what is seen once it matches.
   * @throws {Error} showing the screen, when it does not in time
   */
  async sees(text: RegExp, withinMs = 15_000): Promise<string> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const seen = (await this.lines()).join("\n");
      if (text.test(seen)) return seen;
      if (performance.now() > deadline) throw new Error(`${String(text)} was not seen, but:\n${seen}`);
      await delay(20);
    }
  }

  /**
   * Resolves once what was written matches, control sequences included.
   * @throws {Error} with what was written, when it does not in time
   */
  async prints(what: RegExp, withinMs = 20_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!what.test(this.#printed)) {
      if (performance.now() > deadline)
        throw new Error(`${String(what)} was not written, but:\n${this.#printed}`);
      await delay(20);
    }
  }

  /** Sends the program a signal. */
  signal(signal: string): void {
    this.#pty.kill(signal);
  }

  /** Types. Ctrl-C is `\x03`. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Gives the window another size. */
  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Resolves when the program has ended, with its exit code. */
  async ended(): Promise<number> {
    return (await this.#gone).exitCode;
  }

  /** Ends the program if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#pty.kill("SIGKILL");
    } catch {
      // Gone already.
    }
    await this.#gone;
    this.#screen.dispose();
  }
}
