import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FunctionSpec, ScheduleSpec } from "../assembly/deployment.ts";
import { FunctionService, type ServiceObserver } from "../functions/service.ts";
import { type Books, readBooks } from "../harness/books.ts";
import { UNDISTURBED } from "../harness/link.ts";
import type { Screen } from "../harness/screen.ts";
import { beginRun, resultOf, type Run } from "./journal.ts";
import { leadersOf, tookOver } from "./judge.ts";
import { DELIVERY_DELAY_MS, type Delivery, type Plan } from "./plan.ts";
import { PlannedFaults } from "./planned-faults.ts";
import { Report } from "./report.ts";
import type { Roles } from "./roles.ts";
import { fillIn, scheduledTime } from "./schedule.ts";

/** What a runner needs. */
export interface RunnerOptions {
  readonly roles: Roles;
  readonly plan: Plan;
  /** How long a tick is played, in ms. */
  readonly tickMs: number;
  /** Address of the engine, and a client for it. */
  readonly engine: string;
  readonly client: DynamoDBClient;
  readonly screen: Screen;
  /** Receives what functions print. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a run left behind. */
export interface Remains {
  readonly runs: readonly Run[];
  readonly books: Books;
}

const NUMBERING_ENVIRONMENTS = 3;
const POLL_MS = 50;

/** Plays a plan: Scheduler, Lambda, and what goes wrong. Everything it starts has ended when it is disposed. */
export class Runner implements AsyncDisposable {
  readonly #options: RunnerOptions;
  readonly #faults: PlannedFaults;
  readonly #numbering: FunctionService;
  readonly #others: readonly { readonly service: FunctionService; readonly schedule: ScheduleSpec }[];
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #runs: Run[] = [];
  readonly #report: Report;
  #start = 0;

  constructor(options: RunnerOptions) {
    const { plan, engine, roles, tickMs, screen, signal } = options;
    this.#options = options;
    this.#signal = AbortSignal.any([signal, this.#failure.signal]);
    this.#report = new Report(screen.colors, (line) => screen.line(line));
    const struck = (run: Run): void => this.#report.struck(run, roles.recoveryMs);
    this.#faults = new PlannedFaults(plan.faults, struck, this.#signal);
    const timeScale = tickMs / roles.numberingSchedule.periodMs;
    const serve = (spec: FunctionSpec, observer: ServiceObserver): FunctionService =>
      new FunctionService(spec, { engine, timeScale, observer });
    this.#numbering = serve(roles.numbering, this.#numberingObserver());
    this.#others = roles.others.map(({ spec, schedule }) => ({
      schedule,
      service: serve(spec, this.#otherObserver(spec.name)),
    }));
  }

  /** Starts the first environments of every function. */
  async open(): Promise<void> {
    await Promise.all([
      this.#numbering.start(NUMBERING_ENVIRONMENTS),
      ...this.#others.map(({ service }) => service.start(1)),
    ]);
  }

  /**
   * Plays what there is to play and returns what is left behind: the ticks of the plan, then as many more as it
   * takes until no invoice waits, at most as many as two recoveries take.
   * @throws {Error} when an environment cannot be started, and the reason of the signal when it aborts
   */
  play(): Promise<Remains> {
    return this.#playAll().catch((error: unknown) => {
      throw this.#failure.signal.aborted ? this.#failure.signal.reason : error;
    });
  }

  async #playAll(): Promise<Remains> {
    const { plan, tickMs, roles } = this.#options;
    this.#start = performance.now();
    let books = await this.#books();
    for (const [index, deliveries] of plan.deliveries.entries()) {
      const tick = index + 1;
      books = await this.#playTick(tick, deliveries, tick === plan.ticks);
    }
    const mostDrainTicks = 4 + 2 * Math.ceil(roles.recoveryMs / tickMs);
    for (let drain = 1; (books.pending > 0 || this.#busy) && drain <= mostDrainTicks; drain += 1) {
      const tick = plan.ticks + drain;
      books = await this.#playTick(tick, [{ tick, afterMs: DELIVERY_DELAY_MS, kind: "first" }], true);
    }
    return { runs: this.#runs, books };
  }

  /** Ends every environment. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure.abort();
    await Promise.all([this.#numbering.stop(), ...this.#others.map(({ service }) => service.stop())]);
  }

  get #busy(): boolean {
    return this.#numbering.busy || this.#others.some(({ service }) => service.busy);
  }

  /** Plays one tick to its end, or, when it may be short, until all is done; tells of it and reads the books. */
  async #playTick(tick: number, deliveries: readonly Delivery[], short: boolean): Promise<Books> {
    const { tickMs, screen, plan, roles } = this.#options;
    const begin = performance.now();
    this.#report.tickBegins(begin - this.#start, scheduledTime(tick, roles.numberingSchedule.periodMs));
    this.#faults.tickBegins(tick);
    if (tick <= plan.ticks) this.#deliverOthers(tick);
    const end = Math.max(this.#start + tick * tickMs, begin + (short ? tickMs : 0));
    const due = [...deliveries].sort((a, b) => a.afterMs - b.afterMs);
    while (performance.now() < end) {
      const passed = performance.now() - begin;
      while (due[0] !== undefined && due[0].afterMs <= passed) this.#deliver(due.shift());
      if (short && due.length === 0 && !this.#busy) break;
      screen.progress(this.#progress(tick));
      const nextMs = Math.min(POLL_MS, (due[0]?.afterMs ?? Infinity) - passed);
      await delay(Math.max(1, nextMs), undefined, { signal: this.#signal });
    }
    for (const delivery of due) this.#deliver(delivery);
    const books = await this.#books();
    const last = leadersOf(this.#runs).at(-1);
    const working = this.#runs.filter((run) => works(run) && run.struck === undefined);
    this.#report.tickEnds(working, last?.struck === undefined ? undefined : last);
    return books;
  }

  #deliver(delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    const { numberingSchedule } = this.#options.roles;
    const at = scheduledTime(delivery.tick, numberingSchedule.periodMs);
    if (delivery.kind === "late") this.#report.late(at);
    this.#numbering.deliver(payloadOf(numberingSchedule, at));
  }

  /** Delivers what else is due at a tick, once. */
  #deliverOthers(tick: number): void {
    const { periodMs } = this.#options.roles.numberingSchedule;
    for (const { service, schedule } of this.#others) {
      const due = ((tick - 1) * periodMs) % schedule.periodMs === 0;
      if (due) service.deliver(payloadOf(schedule, scheduledTime(tick, periodMs)));
    }
  }

  #books(): Promise<Books> {
    return readBooks(this.#options.client, this.#options.roles.invoiceTable);
  }

  #progress(tick: number): string {
    const { plan } = this.#options;
    const numbered = this.#runs.reduce((sum, run) => sum + run.accepted, 0);
    const now = this.#runs.filter(works).map(({ invocation, struck }) => {
      return `env ${invocation.environment} ${struck === "freeze" ? "is frozen" : "works"}`;
    });
    const at = tick <= plan.ticks ? `tick ${tick} of ${plan.ticks}` : "draining";
    return [at, `${numbered} numbered`, ...now].join(" · ");
  }

  #numberingObserver(): ServiceObserver {
    return {
      ...this.#otherObserver(this.#options.roles.numbering.name),
      started: (invocation, control) => {
        const run = beginRun(invocation, tickIn(invocation.payload));
        this.#runs.push(run);
        return this.#faults.traffic(run, control);
      },
      settled: (invocation, outcome) => {
        const run = this.#runs.find((candidate) => candidate.invocation === invocation);
        if (run === undefined) return;
        run.outcome = outcome;
        this.#faults.runEnds(run);
        this.#report.settled(run, tookOver(run, leadersOf(this.#runs)));
      },
    };
  }

  #otherObserver(name: string): ServiceObserver {
    return {
      started: () => UNDISTURBED,
      settled: (_, outcome) => {
        const result = resultOf({ outcome });
        if (outcome.kind !== "returned" && result.kind === "broken") this.#report.failed(name, result.why);
      },
      gaveUp: (payload) => this.#report.gaveUp(tickIn(payload)),
      log: (environment, line) => this.#options.log(`${name} env ${environment}: ${line}`),
      broke: (error) => this.#failure.abort(error),
    };
  }
}

/** Whether a run has begun to work as leader and has not ended. */
function works(run: Run): boolean {
  return run.accepted > 0 && run.outcome === undefined;
}

/** What a schedule delivers for one occurrence. */
function payloadOf({ input }: ScheduleSpec, at: string): string {
  return fillIn(input, { scheduledTime: at, executionId: randomUUID() });
}

function tickIn(payload: string): string {
  const event: unknown = JSON.parse(payload);
  return typeof event === "object" && event !== null && "tick" in event ? String(event.tick) : "unknown";
}
