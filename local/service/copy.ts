import { createInterface } from "node:readline";
import { localEnvironment } from "../engine.ts";
import { exampleArguments } from "../example-program.ts";
import { type Ending, type OwnedProcess, spawnOwned } from "../harness/processes.ts";

/** What a copy is started with. */
export interface CopySettings {
  readonly endpoint: string;
  readonly table: string;
  /** Is given each line that it prints, unless it is the same as the one before. */
  readonly onLine: (line: string) => void;
}

/** A copy of examples/service.ts: a process of its own. It is gone when it is disposed. */
export class Copy implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the token of its first term. */
  readonly leads: Promise<number>;
  /** Resolves when its process is gone. */
  readonly gone: Promise<Ending>;
  readonly #owned: OwnedProcess;

  private constructor(name: string, owned: OwnedProcess, onLine: CopySettings["onLine"]) {
    this.name = name;
    this.pid = owned.pid;
    this.gone = owned.gone;
    this.#owned = owned;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.leads = promise;
    let last = "";
    for (const input of [owned.child.stdout, owned.child.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on("line", (line) => {
        if (line !== last) onLine(line);
        last = line;
        const [, token] = /token (\d+)/.exec(line) ?? [];
        if (token !== undefined) resolve(Number(token));
      });
    }
  }

  /** Starts it. */
  static async start(name: string, { endpoint, table, onLine }: CopySettings): Promise<Copy> {
    const owned = await spawnOwned(process.execPath, exampleArguments("service.ts"), {
      env: { ...localEnvironment(endpoint), LEASE_TABLE_NAME: table },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Copy(name, owned, onLine);
  }

  /** Ends it with SIGKILL, and resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#owned.kill();
  }

  /** Tells it to stop with SIGTERM, as platforms do, and resolves with how it ended. */
  async stop(): Promise<Ending> {
    this.#owned.child.kill("SIGTERM");
    return this.gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
