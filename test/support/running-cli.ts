import { once } from "node:events";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type OwnedProcess, spawnOwned } from "../../local/harness/processes.ts";
import { cliEnvironment, cliCommand, type CliSettings } from "./cli.ts";

/** Resolves with what is looked for once it is there; with what was there last after 20 s. */
export async function eventually<T>(look: () => T): Promise<T> {
  const until = performance.now() + 20_000;
  let seen = look();
  while (!seen && performance.now() < until) {
    await sleep(20);
    seen = look();
  }
  return seen;
}

/** For how long the end of an output is waited for, in ms: what a program has left behind may hold it open. */
const OUTPUT_END_MS = 2_000;

/** A `leasehold` that runs, and what it and its command have printed so far. Killed when its scope ends. */
export class RunningCli implements AsyncDisposable {
  readonly #owned: OwnedProcess;
  /** Its output may be read later than it is seen to be gone. */
  readonly #readOut: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  private constructor(owned: OwnedProcess) {
    this.#owned = owned;
    this.#readOut = once(owned.child, "close");
    owned.child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (this.#stdout += chunk));
    owned.child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (this.#stderr += chunk));
  }

  static async start(settings: CliSettings, ...args: string[]): Promise<RunningCli> {
    const [file, argv] = cliCommand(...args);
    const env = cliEnvironment(settings);
    return new RunningCli(await spawnOwned(file, argv, { env, stdio: "pipe" }));
  }

  get pid(): number {
    return this.#owned.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with what the pattern found in the standard output, once it is there. */
  prints(what: RegExp): Promise<RegExpExecArray> {
    return this.#found(what, () => this.#stdout);
  }

  /** Resolves with what the pattern found in what it says of itself, once it is there. */
  says(what: RegExp): Promise<RegExpExecArray> {
    return this.#found(what, () => this.#stderr);
  }

  async #found(what: RegExp, text: () => string): Promise<RegExpExecArray> {
    const found = await eventually(() => what.exec(text()));
    if (found !== null) return found;
    throw new Error(`no ${what} in what it printed: ${this.#stdout}\nand said: ${this.#stderr}`);
  }

  /** Writes to its standard input, and closes it. */
  type(text: string): void {
    if (this.#owned.child.stdin instanceof Writable) this.#owned.child.stdin.end(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#owned.child.kill(signal);
  }

  freeze(): void {
    this.#owned.freeze();
  }

  thaw(): void {
    this.#owned.thaw();
  }

  /** Resolves with how it ended, and all that it printed. */
  async ended() {
    const { code, signal } = await this.#owned.gone;
    await Promise.race([this.#readOut, sleep(OUTPUT_END_MS)]);
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.kill();
  }
}
