import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FunctionSpec } from "../assembly/deployment.ts";
import { LOCAL_AWS } from "../engine.ts";
import { type OwnedProcess, spawnOwned } from "../processes/warden.ts";
import type { EnvironmentMessage, HandlerError, InvokeMessage } from "./messages.ts";

/** How an invocation ended. */
export type Outcome =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: HandlerError }
  | { readonly kind: "crashed" }
  | { readonly kind: "timed-out" };

/** What an environment needs besides its function. */
export interface EnvironmentSettings {
  /** Where its DynamoDB is. */
  readonly endpoint: string;
  /** Receives each line that the function prints: its log. */
  readonly log: (line: string) => void;
}

const INIT_TIMEOUT_MS = 10_000;

/**
 * One execution environment of a function: a process that runs the deployed code, one invocation at a time. As
 * on Lambda it stands still (SIGSTOP) whenever it has nothing to do: timers stop, connections go stale.
 */
export class Environment {
  readonly #spec: FunctionSpec;
  readonly #process: OwnedProcess;
  #settle: ((outcome: Outcome) => void) | undefined;
  #gone = false;

  private constructor(spec: FunctionSpec, process: OwnedProcess) {
    this.#spec = spec;
    this.#process = process;
    process.child.on("message", (message: EnvironmentMessage) => {
      if (message.kind !== "ready") this.#end(message);
    });
    process.child.once("exit", () => {
      this.#gone = true;
      this.#end({ kind: "crashed" });
    });
  }

  /**
   * Starts a process, waits until it has loaded the handler, and freezes it.
   * @throws {Error} when it does not come up
   */
  static async start(spec: FunctionSpec, settings: EnvironmentSettings): Promise<Environment> {
    const program = fileURLToPath(new URL("./environment-process.ts", import.meta.url));
    const owned = await spawnOwned(process.execPath, [program, spec.codeFolder, spec.handler], {
      cwd: spec.codeFolder,
      env: variablesOf(spec, settings.endpoint),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [owned.child.stdout, owned.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", settings.log);
    }
    const environment = new Environment(spec, owned);
    const ready = once(owned.child, "message", { signal: AbortSignal.timeout(INIT_TIMEOUT_MS) });
    const outcome = await Promise.race([ready, owned.gone]).catch(() => undefined);
    if (outcome === undefined || environment.#gone) {
      await environment.kill();
      throw new Error(`${spec.name}: an execution environment did not come up; its log says why (--logs)`);
    }
    environment.freeze();
    return environment;
  }

  /** Whether the process still exists. */
  get alive(): boolean {
    return !this.#gone;
  }

  /** Runs the handler once, then freezes. A run past the function's timeout is killed. Never rejects. */
  async invoke(event: unknown, requestId: string): Promise<Outcome> {
    const { promise, settle } = outcomePromise();
    this.#settle = settle;
    this.thaw();
    const message: InvokeMessage = {
      event,
      requestId,
      functionName: this.#spec.name,
      functionArn: this.#spec.arn,
      memoryMb: this.#spec.memoryMb,
      deadline: Date.now() + this.#spec.timeoutMs,
    };
    const timer = setTimeout(() => {
      this.#end({ kind: "timed-out" });
      void this.kill();
    }, this.#spec.timeoutMs);
    if (this.#gone) settle({ kind: "crashed" });
    else this.#process.child.send(message, () => {});
    const outcome = await promise;
    clearTimeout(timer);
    if (outcome.kind === "timed-out") await this.#process.gone;
    else this.freeze();
    return outcome;
  }

  /** Stops the process where it is. */
  freeze(): void {
    this.#process.child.kill("SIGSTOP");
  }

  /** Lets a frozen process go on. */
  thaw(): void {
    this.#process.child.kill("SIGCONT");
  }

  /** Ends the process, frozen or not. An invocation under way ends as crashed. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  #end(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }
}

function outcomePromise(): { promise: Promise<Outcome>; settle: (outcome: Outcome) => void } {
  let settle: (outcome: Outcome) => void = () => {};
  const promise = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

/** The variables of the template and those that Lambda adds. Nothing of this process's own. */
function variablesOf(spec: FunctionSpec, endpoint: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    TZ: ":UTC",
    AWS_REGION: LOCAL_AWS.region,
    AWS_DEFAULT_REGION: LOCAL_AWS.region,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    LAMBDA_TASK_ROOT: spec.codeFolder,
    ...spec.variables,
  };
}
