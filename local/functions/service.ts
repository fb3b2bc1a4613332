import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { FunctionSpec } from "../assembly/deployment.ts";
import { Link, type Traffic } from "../harness/link.ts";
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
export type Control = Pick<Environment, "freeze" | "thaw" | "kill">;

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

/** A way on which nothing happens. */
export const UNDISTURBED: Traffic = { fateOf: () => ({}), onExchange: () => {} };

/** One environment, and what stands between it and the engine. */
interface Slot {
  readonly number: number;
  readonly link: Link;
  environment: Environment;
  traffic: Traffic;
}

/**
 * Lambda for one function: keeps execution environments, hands events to those that are free, the longest
 * unused first, retries events that failed as the template says, and gives them up in the end.
 */
export class FunctionService {
  readonly #spec: FunctionSpec;
  readonly #options: ServiceOptions;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  /** Events that wait for an environment, in order. */
  readonly #waiting: PromiseWithResolvers<Slot>[] = [];
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
    await Promise.all(Array.from({ length: most }, () => this.#open()));
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
    await Promise.all(this.#slots.map((slot) => slot.environment.kill()));
    await Promise.all(this.#slots.map((slot) => slot.link.close()));
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
      const slot = await this.#take();
      const done = await this.#run(slot, { payload, requestId, attempt, environment: slot.number });
      if (done || signal.aborted) return;
      const waitMs = (RETRY_WAITS_MS[attempt - 1] ?? 0) * timeScale;
      const ageMs = performance.now() - acceptedAt + waitMs;
      if (attempt > retries || ageMs > maxAgeMs * timeScale) return observer.gaveUp(payload, deadLetterArn);
      await delay(waitMs, undefined, { signal });
    }
  }

  /** Waits for a free environment, and starts another when none is free and one may be. */
  #take(): Promise<Slot> {
    const free = this.#free.shift();
    if (free !== undefined) return Promise.resolve(free);
    const taken = Promise.withResolvers<Slot>();
    this.#waiting.push(taken);
    const wanted = this.#waiting.length > this.#opening && this.#opened < this.#mostEnvironments();
    if (wanted) this.#track(this.#open());
    return taken.promise;
  }

  async #open(): Promise<void> {
    const number = ++this.#opened;
    this.#opening += 1;
    const way: { traffic: Traffic } = { traffic: UNDISTURBED };
    const link = await Link.open({
      engine: this.#options.engine,
      fateOf: (operation) => way.traffic.fateOf(operation),
      onExchange: (exchange) => way.traffic.onExchange(exchange),
    });
    try {
      const slot = Object.assign(way, {
        number,
        link,
        environment: await this.#startEnvironment(number, link),
      });
      this.#slots.push(slot);
      await this.#giveBack(slot);
    } catch (error) {
      await link.close();
      throw error;
    } finally {
      this.#opening -= 1;
    }
  }

  #startEnvironment(number: number, { endpoint }: Link): Promise<Environment> {
    const log = (line: string): void => this.#options.observer.log(number, line);
    return Environment.start(this.#spec, { endpoint, log });
  }

  /** Runs the handler once; says whether the event is done. The environment is given back meanwhile. */
  async #run(slot: Slot, invocation: Invocation): Promise<boolean> {
    const { observer } = this.#options;
    slot.traffic = observer.started(invocation, slot.environment);
    const outcome = await slot.environment.invoke(JSON.parse(invocation.payload), invocation.requestId);
    slot.traffic = UNDISTURBED;
    if (this.#stopped) return true;
    observer.settled(invocation, outcome);
    this.#track(this.#giveBack(slot));
    return outcome.kind === "returned";
  }

  /** Makes a slot free again, with a new environment where the last one has ended. */
  async #giveBack(slot: Slot): Promise<void> {
    if (!slot.environment.alive) slot.environment = await this.#startEnvironment(slot.number, slot.link);
    if (this.#stopped) {
      await slot.environment.kill();
      return slot.link.close();
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next.resolve(slot);
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
