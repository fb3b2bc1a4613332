import type { Lease } from "../../../lib/client/lease.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import type { Happening, History, HistoryEvent, TermLog } from "../history.ts";
import type { Scenario } from "../scenario.ts";
import { Agenda, type Entry } from "./agenda.ts";
import { Chance, type Draws } from "./chance.ts";
import { FaultCount, type FaultKind } from "./faults.ts";
import { Notifier } from "./notifier.ts";
import { SimProcess } from "./process.ts";
import { Service } from "./service.ts";
import { clocksOf, timingOf } from "./settings.ts";
import type { Execution } from "./table.ts";
import { HONEST, type Tamper } from "./tamper.ts";
import { addressOf } from "../address.ts";
import { AUXILIARY } from "../../../lib/core/names.ts";
import { type GroupGround, groundOf } from "./ground.ts";
import { type Because, OpenTerms } from "./open-terms.ts";
import { type OpenTerm, operations } from "./terms.ts";
import { weatherOf } from "./weather.ts";

/** One history under way: virtual time, a service, processes, and the record of all that happens. */
export class World {
  readonly agenda = new Agenda();
  readonly faults = new FaultCount();
  readonly chance: Chance;
  readonly service: Service;
  readonly tamper: Tamper;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly settings: ReturnType<typeof timingOf>;
  readonly processes: SimProcess[] = [];
  readonly notifier = new Notifier(this);
  readonly #events: HistoryEvent[] = [];
  readonly #weather: Map<FaultKind, number>;
  /** The group that it is about. */
  readonly ground: GroupGround | undefined;
  readonly #open = new OpenTerms(this);
  readonly #sessionTokens = new Map<string, number>();
  readonly #latecomers = new Set<Entry>();
  readonly #lagging = new Set<SimProcess>();
  readonly #lastExecuted = new Map<string, number>();
  #requests = 0;
  #operations = 0;
  #terms = 0;
  #touched = false;
  #finished = false;

  constructor(scenario: Scenario, seed: number, tamper: Tamper = HONEST) {
    this.tamper = tamper;
    this.scenario = scenario;
    this.seed = seed;
    this.chance = new Chance(seed);
    this.#weather = weatherOf(scenario, this.chance);
    this.settings = timingOf(scenario, this.chance);
    const skewed = this.rate("front-end-skew") > 0;
    const skewMs = skewed ? this.settings.timing.serviceClockErrorMs : 0;
    if (skewMs > 0) this.faults.add("front-end-skew");
    this.service = new Service(this.agenda, this.chance, skewMs);
    this.ground = groundOf(this);
  }

  /** Whether the history has come to its end, in which nothing more befalls anyone. */
  faultsStopped = false;

  /** How much of a kind of fault there is now: none once faults have stopped. */
  readonly rate = (kind: FaultKind): number => (this.faultsStopped ? 0 : (this.#weather.get(kind) ?? 0));

  record(happening: Happening): void {
    this.#events.push(Object.assign(happening as HistoryEvent, { at: this.agenda.now }));
  }

  /** How long an undelayed message takes. */
  readonly latency = (draws: Draws): number => {
    const [low, high] = this.scenario.latencyMs ?? [1, 30];
    return draws.spread(low, high);
  };

  /** Starts a process on a host. */
  spawn(host: string, generation: number): SimProcess {
    const name = `${host}.${generation}`;
    const traits = clocksOf(name, this);
    const process: SimProcess = new SimProcess(name, host, traits, {
      agenda: this.agenda,
      epochMs: this.service.epochMs,
      draws: this.chance.of(`${name}/timers`),
      stallRate: () => this.rate("stall"),
      onStall: () => {
        this.faults.add("stall");
        this.#lagging.add(process);
      },
      onActivity: () => this.touch(),
    });
    this.processes.push(process);
    this.record({ kind: "joined", process: name, host, wallErrorMs: Math.round(traits.wallErrorMs) });
    return process;
  }

  /** Notes that a request sets out, and numbers it. */
  sent(process: SimProcess, write: LeaseWrite | undefined, listing = false, of?: string): number {
    this.#requests += 1;
    const operation = operations.getStore() ?? 0;
    const sent = { process: process.name, operation, request: this.#requests, write, listing };
    this.record({ kind: "sent", ...sent, ...(of === undefined ? {} : { of }), ...process.ahead });
    return this.#requests;
  }

  /** Notes that code of a process ran. */
  touch(): void {
    this.#touched = true;
  }

  /** Executes a write at the table. Whoever it concerns is asked at once whether it believed to hold the row. */
  executed(process: SimProcess, request: number, write: LeaseWrite, copy: boolean): Execution {
    const last = this.#lastExecuted.get(process.name) ?? 0;
    if (request < last) this.faults.add("reordered");
    this.#lastExecuted.set(process.name, Math.max(last, request));
    const { before, after } = this.service.table.execute(write);
    const kind = write.row?.startsWith(AUXILIARY.candidate) ? "auxiliary" : "executed";
    this.record({ kind, process: process.name, request, copy, write, before, after });
    if (kind === "executed") {
      this.#open.askAbout(write, before, after);
      const vacated = before?.holder !== undefined && after !== undefined && after.holder === undefined;
      if (vacated) this.notifier.tell();
    }
    const { sessionToken, token } = write.set;
    if (sessionToken !== undefined && after !== undefined)
      this.#sessionTokens.set(`${addressOf(write)} ${token}`, sessionToken);
    return { before, after };
  }

  /** Something that the network still has to deliver: dropped when faults stop. */
  latecomer(inMs: number, happen: () => void): void {
    const entry = this.agenda.in(inMs, () => {
      this.#latecomers.delete(entry);
      happen();
    });
    this.#latecomers.add(entry);
  }

  nextOperation(): number {
    this.#operations += 1;
    return this.#operations;
  }

  /** Notes that a candidate was told that it leads. */
  began(
    process: SimProcess,
    lease: Lease,
    about: Omit<TermLog, "id" | "process" | "lease" | "holder" | "token">,
  ): OpenTerm {
    this.#terms += 1;
    const { name, holder, token, shard } = lease;
    const told = { id: this.#terms, process: process.name, lease: name, holder, token, ...about };
    const log: TermLog = shard === undefined ? told : this.#ofShard(told, shard);
    const open: OpenTerm = { log, lease, process };
    this.record({ kind: "began", term: log });
    this.#open.add(open);
    return open;
  }

  #ofShard(log: TermLog, shard: string): TermLog {
    const lease = `${log.lease}/${shard}`;
    const token = this.#sessionTokens.get(`${lease} ${log.token}`) ?? 0;
    return { ...log, lease, shard, session: { id: log.holder, token } };
  }

  /** Notes that nobody will ask this term again: it ended and its holder knows. A worker holds a shard for longer than it works. */
  ended(open: OpenTerm): void {
    const end = this.noteEnd(open);
    if (open.log.shard === undefined || end !== undefined) this.#open.over(open);
  }

  /** Notes how a term ended, if it has. */
  noteEnd({ log, lease, process }: OpenTerm): unknown {
    const end = process.asked(() => lease.end);
    this.record({ kind: "ended", term: log, end, aborted: lease.signal.aborted });
    return end;
  }

  pause(process: SimProcess, how: FaultKind, forMs: number): void {
    // A freeze and a step back between the same two readings are more than A3 allows to be hidden.
    if (how === "freeze" && process.flight.setBack) return;
    if (!process.pause(how)) return;
    this.faults.add(how);
    this.record({ kind: "paused", process: process.name, how });
    if (forMs !== Number.POSITIVE_INFINITY) this.agenda.in(forMs, () => this.thaw(process));
  }

  /** Lets a process run on. The first thing it does is to ask whether it still leads. */
  thaw(process: SimProcess): void {
    const order = this.chance.of(`${process.name}/thaws`).pick(["as-it-came", "reversed"] as const);
    if (!process.thaw(order)) return;
    this.record({ kind: "thawed", process: process.name });
    for (const open of this.openOf(process)) this.ask(open, "thaw");
  }

  /** The terms that a process leads in, as far as is known. */
  openOf(process: SimProcess): OpenTerm[] {
    return this.#open.of(process);
  }

  /** Whether a process holds nothing and writes nothing, so that nobody needs its clocks. */
  isIdle(process: SimProcess): boolean {
    return process.flight.writes === 0 && this.openOf(process).length === 0;
  }

  crash(process: SimProcess): void {
    if (process.crashed) return;
    process.crash();
    this.record({ kind: "crashed", process: process.name });
    for (const open of this.openOf(process)) this.#open.delete(open);
  }

  /** Notes that a wall clock was set. A term that is over stays over, wherever that is. */
  noteStep(process: SimProcess, byMs: number): void {
    this.faults.add("wall-step");
    this.record({ kind: "wall-stepped", process: process.name, byMs });
    this.#open.askOver(process);
  }

  /** Asks everybody who may lead. */
  rollCall(because: Because = "closing"): void {
    this.#open.rollCall(because);
  }

  stopFaults(): void {
    this.faultsStopped = true;
    for (const process of this.processes) process.cutOffUntil = 0;
    for (const entry of this.#latecomers) entry.happen = undefined;
    this.#latecomers.clear();
  }

  /** Ends the history. Every handle that can still be asked is asked. */
  finish(): void {
    this.#finished = true;
    this.#open.askAll();
  }

  /**
   * Lets the next thing happen; false when the history is over. Between two steps the caller lets all promises
   * that are ready proceed, so that whatever the step set off in a process has come to rest.
   */
  step(): boolean {
    if (this.#finished) return false;
    if (this.#touched) {
      this.#touched = false;
      this.#settle();
      if (this.#touched) return true;
    }
    while (!this.#touched && !this.#finished) if (!this.agenda.step()) this.finish();
    return true;
  }

  history(): History {
    return {
      scenario: this.scenario.name,
      seed: this.seed,
      epochMs: this.service.epochMs,
      timing: this.settings.timing,
      events: this.#events,
      endedAt: this.agenda.now,
      calm: Object.keys(this.scenario.rates).length === 0,
      faults: this.faults.counts,
      ...(this.ground === undefined ? {} : { group: this.ground.log }),
    };
  }

  /** After code ran: who stalled is busy for that long, and two who may both lead are asked. */
  #settle(): void {
    for (const process of this.#lagging) {
      const lag = process.takeLag();
      if (lag > 0 && process.pause("stall")) {
        this.record({ kind: "paused", process: process.name, how: "stall" });
        this.agenda.in(lag, () => this.thaw(process));
      }
    }
    this.#lagging.clear();
    this.#open.askRivals();
  }

  /** The terms that are not known to be over. */
  get open(): OpenTerms {
    return this.#open;
  }

  /** Whether a leader can be asked now. */
  canBeAsked(open: OpenTerm): boolean {
    return this.#open.canBeAsked(open);
  }

  /** Asks a leader whether it still leads. */
  ask(open: OpenTerm, because: Because): void {
    this.#open.ask(open, because);
  }
}
