import { fileURLToPath } from "node:url";
import { type OwnedProcess, spawnOwned } from "../../../local/harness/processes.ts";
import type { Contender, Settings } from "./contender.ts";

/** What a host process is told to do. */
export type Order = { readonly id: number } & (
  | {
      readonly do: "open";
      readonly member: number;
      readonly endpoint: string;
      readonly settings: Settings | undefined;
    }
  | { readonly do: "acquire" | "release"; readonly member: number; readonly name: string }
  | { readonly do: "cycles"; readonly member: number; readonly name: string; readonly count: number }
  | { readonly do: "close"; readonly member: number }
);

/** What it answers. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly at: number };

/** Times are of the machine's monotonic clock, in ms, which all its processes share. */
export interface Acquired {
  readonly at: number;
  readonly token?: string | undefined;
}

export interface Released {
  readonly asked: number;
  readonly at: number;
  /** What the contender says of it. */
  readonly said: string;
}

/** What the contender failed with, and when. */
export class HostError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const PROGRAM = fileURLToPath(new URL("host-process.ts", import.meta.url));
/** How SDK 2 is made to keep connections open, as SDK 3 does, and to leave out its advertisement. */
const SDK_2 = { AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1", AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1" };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A client that a host process has opened. */
export interface RemoteMember {
  acquire(name: string): Promise<Acquired>;
  release(name: string): Promise<Released>;
  cycles(name: string, count: number): Promise<number[]>;
  close(): Promise<void>;
}

/** A process of its own for one contender: its clients share nothing with another's, and it can crash. */
export class Host implements AsyncDisposable {
  readonly #owned: OwnedProcess;
  readonly #contender: string;
  readonly #pending = new Map<number, Pending>();
  /** Why nothing is answered any more. */
  #over: Error | undefined;
  #sent = 0;
  #members = 0;

  private constructor(owned: OwnedProcess, contender: string) {
    this.#owned = owned;
    this.#contender = contender;
    let said = "";
    owned.child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    owned.child.on("message", (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ("error" in reply) pending?.reject(new HostError(reply.error, reply.at));
      else pending?.resolve(reply.value);
    });
    void this.#giveUp(() => said.trim().slice(-500));
  }

  /** Starts one and waits until it has loaded its contender. It ends with `stack`, also where that ends meanwhile. */
  static async start({ id }: Contender, stack: AsyncDisposableStack): Promise<Host> {
    const owned = await spawnOwned(process.execPath, ["--no-warnings", PROGRAM, id], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, ...SDK_2 },
    });
    const host = new Host(owned, id);
    if (stack.disposed) await host.kill();
    else stack.use(host);
    await host.#answerTo(0);
    return host;
  }

  /** Opens a client of what answers at `endpoint`; without settings, with its defaults. */
  async open(endpoint: string, settings: Settings | undefined): Promise<RemoteMember> {
    const member = (this.#members += 1);
    await this.#ask({ do: "open", member, endpoint, settings });
    // Contenders share servers and tables: each has names of its own.
    const own = (name: string): string => `${this.#contender}/${name}`;
    return {
      acquire: (name) => this.#ask({ do: "acquire", member, name: own(name) }) as Promise<Acquired>,
      release: (name) => this.#ask({ do: "release", member, name: own(name) }) as Promise<Released>,
      cycles: (name, count) =>
        this.#ask({ do: "cycles", member, name: own(name), count }) as Promise<number[]>,
      // What is gone is closed.
      close: () => this.#ask({ do: "close", member }).then(nothing, nothing),
    };
  }

  /** Ends it with SIGKILL, as a crash does. What was asked of it rejects. */
  kill(): Promise<void> {
    return this.#owned.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** Once the process is gone, nothing that was asked of it will be answered. */
  async #giveUp(said: () => string): Promise<void> {
    const { code, signal } = await this.#owned.gone;
    this.#over = new Error(`the process ended with ${signal ?? code}: ${said()}`);
    for (const { reject } of this.#pending.values()) reject(this.#over);
    this.#pending.clear();
  }

  #ask(order: OrderWithoutId): Promise<unknown> {
    const id = (this.#sent += 1);
    const answer = this.#answerTo(id);
    this.#owned.tell({ ...order, id });
    return answer;
  }

  #answerTo(id: number): Promise<unknown> {
    const answer =
      this.#over === undefined
        ? new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }))
        : Promise.reject(this.#over);
    // Whoever waits for a lock for ever is not asked about it any more when its process is ended.
    answer.catch(() => undefined);
    return answer;
  }
}

const nothing = (): void => {};

type OrderWithoutId = Order extends infer O ? (O extends Order ? Omit<O, "id"> : never) : never;
