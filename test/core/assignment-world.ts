import type { Member } from "../../lib/core/shares.ts";
import type { Plan } from "../../lib/core/assignment.ts";
import type { ShardView } from "../../lib/core/standings.ts";
import { wrongGrants } from "./assignment-checks.ts";
import {
  type Happening,
  LOOK,
  RULES,
  type Rules,
  type Scenario,
  SILENCE,
  type Tally,
} from "./assignment-scenario.ts";

interface Row {
  readonly shard: string;
  readonly holder?: string | undefined;
  readonly lastHolder?: string | undefined;
  readonly askedBy?: string | undefined;
  readonly reservedFor?: string | undefined;
  readonly reservedUntil?: number | undefined;
}

interface State {
  readonly members: readonly Member[];
  readonly rows: readonly Row[];
}

interface Worker {
  readonly member: Member;
  up: boolean;
  nextLook: number;
  /** The tick of the newest state that it has seen. */
  seen: number;
  bell: boolean;
  /** Of each shard that it saw free: as what, and in how many looks. */
  readonly free: Map<number, { readonly row: Row; readonly looks: number }>;
  /** Shards that it is handing over, and when it has. */
  readonly leaving: Map<number, number>;
}

/** Workers, shards, and a clock that ticks: each worker looks, plans, claims, asks and grants for itself. */
export class World {
  now = 0;
  readonly tally: Tally = {
    claims: 0,
    refused: 0,
    asks: 0,
    moves: 0,
    lastAct: 0,
    lastChange: 0,
    lastFree: 0,
    longestFree: 0,
    wrong: [],
  };
  readonly #rules: Rules;
  readonly #scenario: Scenario;
  readonly #workers = new Map<string, Worker>();
  readonly #burials: { readonly at: number; readonly worker: Worker }[] = [];
  readonly #history: { readonly at: number; readonly state: State }[] = [];
  readonly #freeSince = new Map<number, readonly [row: Row, since: number]>();
  #members: Member[] = [];
  #rows: Row[];

  constructor(scenario: Scenario, rules: Rules = RULES) {
    this.#scenario = scenario;
    this.#rules = rules;
    this.#rows = Array.from({ length: scenario.shards }, (_, i) => ({ shard: `shard-${i}` }));
    this.#remember();
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** How many each member leads. */
  get counts(): Map<string, number> {
    const counts = new Map(this.#members.map(({ id }) => [id, 0]));
    for (const { holder } of this.#rows)
      if (holder !== undefined) counts.set(holder, (counts.get(holder) ?? 0) + 1);
    return counts;
  }

  get free(): number {
    return this.#rows.filter(({ holder }) => holder === undefined).length;
  }

  /** Whose each shard is. */
  get holders(): readonly (string | undefined)[] {
    return this.#rows.map(({ holder }) => holder);
  }

  /** Lets time pass; the script goes on. */
  run(ticks: number): void {
    for (const end = this.now + ticks; this.now < end; this.now += 1) {
      for (const happening of this.#scenario.script) if (happening.at === this.now) this.happen(happening);
      for (const { at, worker } of this.#burials) if (at === this.now) this.#end(worker);
      if (this.#hasFree()) this.#count();
      for (const worker of this.#workers.values()) this.#turn(worker);
      this.#remember();
    }
  }

  happen(happening: Happening): void {
    if (happening.what === "join") return this.#join(happening.member);
    const worker = this.#workers.get(happening.id);
    if (worker === undefined || (!worker.up && happening.what !== "restart")) return;
    if (happening.what === "nap") {
      worker.nextLook = Math.max(worker.nextLook, this.now + happening.ticks);
      this.#changed(worker.nextLook);
    } else worker.up = false;
    if (happening.what === "crash") this.#burials.push({ at: this.now + SILENCE, worker });
    if (happening.what === "leave" || happening.what === "restart") this.#end(worker);
    if (happening.what === "restart") this.#join(worker.member);
    return undefined;
  }

  #changed(at: number): void {
    this.tally.lastChange = Math.max(this.tally.lastChange, at);
    this.tally.longestFree = 0;
  }

  /** Notes which shards are free, and for how long. */
  #count(): void {
    this.tally.lastFree = this.now;
    for (const [i, row] of this.#rows.entries()) {
      if (row.holder !== undefined) continue;
      const [before, since] = this.#freeSince.get(i) ?? [];
      const began = before === row ? Number(since) : this.now;
      this.#freeSince.set(i, [row, began]);
      const ticks = this.now + 1 - Math.max(began, this.tally.lastChange);
      this.tally.longestFree = Math.max(this.tally.longestFree, ticks);
    }
  }

  /** Whether more is free than those who are up and awake have no room for. */
  #hasFree(): boolean {
    if (this.#rows.every(({ holder }) => holder !== undefined)) return false;
    const { counts } = this;
    let room = 0;
    for (const { up, nextLook, member } of this.#workers.values())
      if (up && nextLook <= this.now + LOOK) room += member.maxShards - (counts.get(member.id) as number);
    return room > 0;
  }

  #join(member: Member): void {
    this.#changed(this.now);
    const { random, together } = this.#scenario;
    this.#members = [...this.#members, member];
    this.#workers.set(member.id, {
      member,
      up: true,
      nextLook: together ? Math.ceil((this.now + 1) / LOOK) * LOOK : this.now + Math.floor(random() * LOOK),
      seen: this.now,
      bell: false,
      free: new Map(),
      leaving: new Map(),
    });
    this.#remember();
  }

  #end(worker: Worker): void {
    const { id } = worker.member;
    if (this.#workers.get(id) !== worker) return; // it has come back since
    this.#changed(this.now);
    this.#members = this.#members.filter((member) => member.id !== id);
    this.#workers.delete(id);
    this.#rows = this.#rows.map(({ shard, ...row }) =>
      row.holder === id ? { shard, lastHolder: id } : { shard, ...row },
    );
  }

  #turn(worker: Worker): void {
    if (!worker.up) return;
    for (const [i, until] of worker.leaving) if (until <= this.now) this.#release(worker, i);
    const due = worker.nextLook <= this.now;
    // Asleep it hears no bell.
    if (!due && (!worker.bell || worker.nextLook > this.now + LOOK)) return;
    worker.bell = false;
    const { members, rows } = this.#seenBy(worker);
    const views = rows.map((_, i) => this.#viewOf(worker, rows, i, due));
    this.#grant(worker, members, views);
    if (!due) return;
    worker.nextLook = this.now + LOOK;
    this.#carryOut(worker, this.#rules.planOf(worker.member.id, members, views));
  }

  #seenBy(worker: Worker): State {
    const { staleTicks, random, together } = this.#scenario;
    const at = together ? this.now - 1 : this.now - Math.floor(random() * (staleTicks + 1));
    worker.seen = Math.max(worker.seen, at);
    if (worker.seen >= this.now) return { members: this.#members, rows: this.#rows };
    const { state } = this.#history.findLast((entry) => entry.at <= worker.seen) as { readonly state: State };
    return state;
  }

  /** A row as it was seen, corrected by what the worker knows of what it leads, and has led. */
  #viewOf({ member: { id }, free }: Worker, rows: readonly Row[], i: number, look: boolean): ShardView {
    const [seen, real] = [rows[i] as Row, this.#rows[i] as Row];
    const own = seen.holder === id || real.holder === id;
    const row = own ? real : seen;
    const { shard, holder, lastHolder, askedBy, reservedFor } = row;
    const before = free.get(i);
    // Who led it between two looks has begun a new time of being free: the row is another.
    let freeLooks = before?.row === row ? before.looks : 0;
    if (look && holder === undefined) free.set(i, { row, looks: (freeLooks += 1) });
    return { shard, holder, lastHolder, freeLooks, askedBy, reservedFor };
  }

  #grant(worker: Worker, members: readonly Member[], views: readonly ShardView[]): void {
    const { drainTicks, random } = this.#scenario;
    const { id } = worker.member;
    const leaving = new Set([...worker.leaving.keys()].map((i) => (this.#rows[i] as Row).shard));
    const given = this.#rules.granted(id, members, views, leaving);
    this.tally.wrong.push(...wrongGrants(id, { members, views, leaving, given }));
    for (const shard of given) {
      const i = views.findIndex((view) => view.shard === shard);
      this.tally.moves += 1;
      this.tally.lastAct = this.now;
      worker.leaving.set(i, this.now + Math.floor(random() * (drainTicks + 1)));
    }
    for (const [i, until] of worker.leaving) if (until <= this.now) this.#release(worker, i);
  }

  #release({ member: { id }, leaving }: Worker, i: number): void {
    const { shard, askedBy } = this.#rows[i] as Row;
    leaving.delete(i);
    const kept = this.#scenario.reserves && askedBy !== undefined;
    const keeps = kept ? { reservedFor: askedBy, reservedUntil: this.now + 2 * LOOK } : {};
    this.#set(i, { shard, lastHolder: id, ...keeps });
  }

  #carryOut({ member: { id, maxShards } }: Worker, { claim, ask }: Plan): void {
    const indices = new Map(this.#rows.map(({ shard }, i) => [shard, i]));
    for (const shard of claim) {
      const i = indices.get(shard) as number;
      const { holder, reservedFor = id } = this.#rows[i] as Row;
      const refused = holder !== undefined || reservedFor !== id;
      this.tally.lastAct = this.now;
      this.tally[refused ? "refused" : "claims"] += 1;
      if (!refused) this.#set(i, { shard, holder: id });
    }
    for (const { shard, holder } of ask) {
      const i = indices.get(shard) as number;
      const row = this.#rows[i] as Row;
      this.tally.lastAct = this.now;
      this.tally.asks += 1;
      if (row.holder !== holder || holder === id) continue;
      this.#set(i, { ...row, askedBy: id });
      const asked = this.#workers.get(holder);
      if (asked !== undefined) asked.bell = this.#scenario.bells;
    }
    const leads = this.#rows.filter(({ holder }) => holder === id).length;
    if (leads > maxShards) this.tally.wrong.push(`${id} leads ${leads} of at most ${maxShards}`);
  }

  #set(i: number, row: Row): void {
    this.#rows = this.#rows.with(i, row);
  }

  #remember(): void {
    if (this.#scenario.reserves) this.#open();
    const last = this.#history.at(-1)?.state;
    if (last?.members === this.#members && last.rows === this.#rows) return;
    this.#history.push({ at: this.now, state: { members: this.#members, rows: this.#rows } });
    if (this.#history.length > 64) this.#history.shift();
  }

  /** Opens what was kept for long enough to everybody. */
  #open(): void {
    const over = ({ reservedUntil = Infinity }: Row): boolean => reservedUntil <= this.now;
    if (!this.#rows.some(over)) return;
    this.#rows = this.#rows.map((row) =>
      over(row) ? { shard: row.shard, lastHolder: row.lastHolder } : row,
    );
  }
}
