import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FunctionSpec } from "../assembly/deployment.ts";
import { LOCAL_AWS } from "../engine.ts";
import { Link, type Traffic, UNDISTURBED } from "../harness/link.ts";
import { type OwnedProcess, spawnOwned } from "../harness/processes.ts";
import type { EnvironmentMessage, HandlerError, InvokeMessage } from "./messages.ts";

/** How an invocation ended. */
export type Outcome =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: HandlerError }
  | { readonly kind: "crashed" }
  | { readonly kind: "timed-out" };

/** What an environment needs besides its function. */
export interface EnvironmentSettings {
  /** 1 is the first of its function. */
  readonly number: number;
  /** Where the DynamoDB engine answers. */
  readonly engine: string;
  /** Receives each line that the function prints: its log. */
  readonly log: (line: string) => void;
}

const PROGRAM = fileURLToPath(new URL("./environment-process.ts", import.meta.url));
/** Longer than Lambda's own 10 s: this machine may be busy. */
const INIT_TIMEOUT_MS = 30_000;

/**
 * One execution environment of a function: a process that runs the deployed code, one invocation at a time. As
 * on Lambda it stands still (SIGSTOP) whenever it has nothing to do: timers stop, connections go stale.
 */
export class Environment {
  readonly #spec: FunctionSpec;
  readonly process: OwnedProcess;
  readonly #link: Link;
  /** 1 is the first of its function. */
  readonly number: number;
  #answer = Promise.withResolvers<EnvironmentMessage | undefined>();
  #gone = false;

  private constructor(spec: FunctionSpec, number: number, process: OwnedProcess, link: Link) {
    this.number = number;
    this.#spec = spec;
    this.process = process;
    this.#link = link;
    process.child.on("message", (message: EnvironmentMessage) => this.#answer.resolve(message));
    process.child.once("exit", () => {
      this.#gone = true;
      this.#answer.resolve(undefined);
    });
  }

  /**
   * Opens a link to the engine, starts a process, waits until it has loaded the handler, and freezes it.
   * @throws {Error} when it does not come up
   */
  static async start(spec: FunctionSpec, settings: EnvironmentSettings): Promise<Environment> {
    const link = await Link.open({ engine: settings.engine });
    const owned = await spawnOwned(process.execPath, [PROGRAM, spec.codeFolder, spec.handler], {
      cwd: spec.codeFolder,
      env: variablesOf(spec, link.endpoint),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [owned.child.stdout, owned.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", settings.log);
    }
    const environment = new Environment(spec, settings.number, owned, link);
    if ((await environment.#nextMessage(INIT_TIMEOUT_MS)) === "nothing" || environment.#gone) {
      await environment.close();
      throw new Error(`${spec.name}: an execution environment did not come up; its log says why (--logs)`);
    }
    owned.freeze();
    return environment;
  }

  /** Whether the process still exists. */
  get alive(): boolean {
    return !this.#gone;
  }

  /**
   * Runs the handler once, then freezes. A run past the function's timeout is killed. The traffic decides about
   * its requests. Never rejects.
   */
  async invoke(event: unknown, requestId: string, traffic: Traffic): Promise<Outcome> {
    this.#link.traffic = traffic;
    const outcome = await this.#invoke(event, requestId);
    this.#link.traffic = UNDISTURBED;
    return outcome;
  }

  async #invoke(event: unknown, requestId: string): Promise<Outcome> {
    const { name, arn, memoryMb, timeoutMs } = this.#spec;
    if (this.#gone) return { kind: "crashed" };
    this.#answer = Promise.withResolvers();
    this.process.thaw();
    const context = {
      awsRequestId: requestId,
      functionName: name,
      functionVersion: "$LATEST",
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memoryMb),
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: String(this.process.pid),
      callbackWaitsForEmptyEventLoop: true,
    };
    const message: InvokeMessage = { event, context, deadline: Date.now() + timeoutMs };
    this.process.tell(message);
    const answer = await this.#nextMessage(timeoutMs);
    if (answer === "nothing") {
      await this.process.kill();
      return { kind: "timed-out" };
    }
    this.process.freeze();
    return answer === undefined || answer.kind === "ready" ? { kind: "crashed" } : answer;
  }

  /** Ends the process, frozen or not, and closes its link. An invocation under way ends as crashed. */
  async close(): Promise<void> {
    await this.process.kill();
    await this.#link.close();
  }

  /** What the process says next: `undefined` when it is gone, `"nothing"` when it is silent for so long. */
  async #nextMessage(withinMs: number): Promise<EnvironmentMessage | undefined | "nothing"> {
    const over = new AbortController();
    const late = delay(withinMs, "nothing" as const, { signal: over.signal }).catch(() => undefined);
    const message = await Promise.race([this.#answer.promise, late]);
    over.abort();
    return message;
  }
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
