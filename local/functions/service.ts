import { randomUUID } from "node:crypto";
import type { FunctionSpec } from "../assembly/deployment.ts";
import { Environment, type Outcome } from "./environment.ts";
import { type Gateway, openGateway, type Traffic } from "./gateway.ts";

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
  /** A run begins. What is returned sees its transactions pass. */
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
const NO_TRAFFIC: Traffic = { sent: async () => "deliver", answered: () => "deliver" };

interface AsyncEvent {
  readonly payload: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly acceptedAt: number;
}

interface Slot {
  readonly number: number;
  readonly gateway: Gateway;
  environment: Environment;
  traffic: Traffic;
}

/**
 * Lambda for one function: keeps execution environments, hands events to those that are free, the longest
 * unused first, retries events that failed as the template says, and gives them up in the end.
 */
export class FunctionService {
  readonly spec: FunctionSpec;
  readonly #options: ServiceOptions;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #waiting: AsyncEvent[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #work = new Set<Promise<void>>();
  #opened = 0;
  #opening = 0;
  #stopped = false;

  constructor(spec: FunctionSpec, options: ServiceOptions) {
    this.spec = spec;
    this.#options = options;
  }

  /** Starts environments ahead of the first event. */
  async start(count: number): Promise<void> {
    const most = Math.min(count, this.#mostEnvironments());
    await Promise.all(Array.from({ length: most }, async () => this.#free.push(await this.#open())));
  }

  /** Accepts an event, to be run when an environment is free. */
  deliver(payload: string): void {
    this.#enqueue({ payload, requestId: randomUUID(), attempt: 1, acceptedAt: performance.now() });
  }

  /** Whether an event runs, waits, or will be tried again. */
  get busy(): boolean {
    return this.#work.size + this.#timers.size + this.#waiting.length > 0;
  }

  /** Ends every environment, frozen ones too. What runs ends as crashed and is not tried again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.length = 0;
    // Gateways first: a write that is being held must not keep its run from ending.
    await Promise.all(this.#slots.map((slot) => slot.environment.kill()));
    await Promise.all(this.#slots.map((slot) => slot.gateway[Symbol.asyncDispose]()));
    await Promise.allSettled(this.#work);
  }

  #mostEnvironments(): number {
    return Math.min(this.spec.reservedConcurrency ?? MOST_ENVIRONMENTS, MOST_ENVIRONMENTS);
  }

  #enqueue(event: AsyncEvent): void {
    if (this.#stopped) return;
    this.#waiting.push(event);
    this.#dispatch();
  }

  /** Gives waiting events to free environments, and starts another when none is free and one may be. */
  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#stopped) {
      const slot = this.#free.shift();
      if (slot === undefined) {
        const wanted = this.#waiting.length > this.#opening && this.#opened < this.#mostEnvironments();
        if (wanted) this.#track(this.#openAnother());
        return;
      }
      const event = this.#waiting.shift();
      if (event !== undefined) this.#track(this.#run(slot, event));
    }
  }

  async #openAnother(): Promise<void> {
    this.#opening += 1;
    try {
      this.#free.push(await this.#open());
    } finally {
      this.#opening -= 1;
    }
  }

  async #open(): Promise<Slot> {
    const number = ++this.#opened;
    const slot: { traffic: Traffic } = { traffic: NO_TRAFFIC };
    const gateway = await openGateway(this.#options.engine, {
      sent: () => slot.traffic.sent(),
      answered: (verdict) => slot.traffic.answered(verdict),
    });
    const environment = await this.#startEnvironment(number, gateway);
    const opened: Slot = Object.assign(slot, { number, gateway, environment });
    this.#slots.push(opened);
    if (this.#stopped) await environment.kill();
    return opened;
  }

  #startEnvironment(number: number, gateway: Gateway): Promise<Environment> {
    const log = (line: string): void => this.#options.observer.log(number, line);
    return Environment.start(this.spec, { endpoint: gateway.endpoint, log });
  }

  async #run(slot: Slot, event: AsyncEvent): Promise<void> {
    const { observer } = this.#options;
    const { payload, requestId, attempt } = event;
    const invocation: Invocation = { requestId, attempt, payload, environment: slot.number };
    slot.traffic = observer.started(invocation, slot.environment);
    const outcome = await slot.environment.invoke(JSON.parse(payload), requestId);
    slot.traffic = NO_TRAFFIC;
    if (this.#stopped) return;
    observer.settled(invocation, outcome);
    if (outcome.kind !== "returned") this.#failed(event);
    if (!slot.environment.alive) slot.environment = await this.#startEnvironment(slot.number, slot.gateway);
    if (this.#stopped) return slot.environment.kill();
    this.#free.push(slot);
    this.#dispatch();
  }

  #failed(event: AsyncEvent): void {
    const { retries, maxAgeMs, deadLetterArn } = this.spec.asynchronous;
    const { timeScale, observer } = this.#options;
    const waitMs = (RETRY_WAITS_MS[event.attempt - 1] ?? 0) * timeScale;
    const ageMs = performance.now() - event.acceptedAt + waitMs;
    if (event.attempt > retries || ageMs > maxAgeMs * timeScale) {
      observer.gaveUp(event.payload, deadLetterArn);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue({ ...event, attempt: event.attempt + 1 });
    }, waitMs);
    this.#timers.add(timer);
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.observer.broke(error);
      })
      .finally(() => {
        this.#work.delete(tracked);
        this.#dispatch();
      });
    this.#work.add(tracked);
  }
}
