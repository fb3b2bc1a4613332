import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { FunctionSpec } from "../assembly/deployment.ts";
import type { Traffic } from "../harness/link.ts";
import type { OwnedProcess } from "../harness/processes.ts";
import { Environment, type Outcome } from "./environment.ts";

/** One run of a handler. */
export interface Invocation {
  /** The id of the event; a retry of the event has the same. */
  readonly requestId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly payload: string;
  /** Number of the environment that it runs in; 1 is the first. */
  readonly environment: number;
}

/** What one may do to the environment of an invocation. */
export type Control = Pick<OwnedProcess, "freeze" | "thaw" | "kill">;

/** Sees what becomes of events. */
export interface ServiceObserver {
  /** A run begins. What is returned decides about its requests and sees their answers. */
  started(invocation: Invocation, control: Control): Traffic;
  settled(invocation: Invocation, outcome: Outcome): void;
  /** An event failed its last attempt. */
  gaveUp(payload: string, deadLetterArn: string | undefined): void;
  log(environment: number, line: string): void;
  /** The service itself cannot go on. */
  broke(error: unknown): void;
}

/** How a function is served. */
export interface ServiceOptions {
  /** Address of the DynamoDB engine. */
  readonly engine: string;
  readonly observer: ServiceObserver;
  /** How many real ms stand for a ms of Lambda's waits between attempts. */
  readonly timeScale: number;
}

/** Lambda's waits before the second and the third attempt of an asynchronous event. */
const RETRY_WAITS_MS = [60_000, 120_000];
const MOST_ENVIRONMENTS = 10;

/**
 * Lambda for one function: keeps execution environments, hands events to those that are free, the longest
 * unused first, retries events that failed as the template says, and gives them up in the end.
 */
export class FunctionService {
  readonly #spec: FunctionSpec;
  readonly #options: ServiceOptions;
  readonly #environments = new Set<Environment>();
  readonly #free: Environment[] = [];
  /** Events that wait for an environment, in order. */
  readonly #waiting: PromiseWithResolvers<Environment>[] = [];
  readonly #work = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #opened = 0;
  #opening = 0;

  constructor(spec: FunctionSpec, options: ServiceOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** Starts environments ahead of the first event. */
  async start(count: number): Promise<void> {
    const most = Math.min(count, this.#mostEnvironments());
    await Promise.all(Array.from({ length: most }, () => this.#openAnother()));
  }

  /** Accepts an event, to be run when an environment is free. */
  deliver(payload: string): void {
    if (!this.#stopped) this.#track(this.#handle(payload));
  }

  /** Whether an event runs, waits, or will be tried again. */
  get busy(): boolean {
    return this.#work.size > 0;
  }

  /** Ends every environment, frozen ones too. What runs ends as crashed and is not tried again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#stopping.signal.reason);
    await Promise.all([...this.#environments].map((environment) => environment.close()));
    await Promise.allSettled(this.#work);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #mostEnvironments(): number {
    return Math.min(this.#spec.reservedConcurrency ?? MOST_ENVIRONMENTS, MOST_ENVIRONMENTS);
  }

  /** Sees one event through: its attempts, the waits between them, and its end. */
  async #handle(payload: string): Promise<void> {
    const { retries, maxAgeMs, deadLetterArn } = this.#spec.asynchronous;
    const { timeScale, observer } = this.#options;
    const { signal } = this.#stopping;
    const requestId = randomUUID();
    const acceptedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const done = await this.#run(await this.#take(), { payload, requestId, attempt });
      if (done || signal.aborted) return;
      const waitMs = (RETRY_WAITS_MS[attempt - 1] ?? 0) * timeScale;
      const ageMs = performance.now() - acceptedAt + waitMs;
      if (attempt > retries || ageMs > maxAgeMs * timeScale) return observer.gaveUp(payload, deadLetterArn);
      await delay(waitMs, undefined, { signal });
    }
  }

  /** Waits for a free environment, and starts another when none is free and one may be. */
  async #take(): Promise<Environment> {
    const free = this.#free.shift();
    if (free !== undefined) return free;
    const taken = Promise.withResolvers<Environment>();
    this.#waiting.push(taken);
    const wanted = this.#waiting.length > this.#opening && this.#opened < this.#mostEnvironments();
    if (wanted) this.#track(this.#openAnother());
    return taken.promise;
  }

  async #openAnother(): Promise<void> {
    this.#opened += 1;
    this.#opening += 1;
    await this.#open(this.#opened).finally(() => (this.#opening -= 1));
  }

  /** Starts an environment and makes it free. */
  async #open(number: number): Promise<void> {
    const { engine, observer } = this.#options;
    const log = (line: string): void => observer.log(number, line);
    const environment = await Environment.start(this.#spec, { number, engine, log });
    this.#environments.add(environment);
    if (this.#stopped) await environment.close();
    this.#release(environment);
  }

  #release(environment: Environment): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(environment);
    else next.resolve(environment);
  }

  /** Runs the handler once; says whether the event is done. An environment that ended is replaced meanwhile. */
  async #run(environment: Environment, event: Omit<Invocation, "environment">): Promise<boolean> {
    const { observer } = this.#options;
    const invocation = { ...event, environment: environment.number };
    const traffic = observer.started(invocation, environment.process);
    const outcome = await environment.invoke(JSON.parse(event.payload), event.requestId, traffic);
    if (this.#stopped) return true;
    observer.settled(invocation, outcome);
    if (environment.alive) this.#release(environment);
    else this.#track(this.#replace(environment));
    return outcome.kind === "returned";
  }

  async #replace(ended: Environment): Promise<void> {
    this.#environments.delete(ended);
    await ended.close();
    await this.#open(ended.number);
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.observer.broke(error);
      })
      .finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}
