import { parseTerm, type TermOptions } from "../../lib/core/options.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import type { Sample } from "../../lib/core/service-clock.ts";
import type { LeaseEnd, ReleaseResult } from "../../lib/core/term.ts";
import { beginTerm, nextDue, step } from "../../lib/core/term-machine.ts";
import type { Answered, Effect, Facts, Step, Term, TermEvent, TermRules } from "../../lib/core/term-state.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs, instant, nextReading, type Reading } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";

/** Service time when the holder's monotonic clock shows 0. */
const NOON = 1_000_000;

/** What a write that was sent makes of the row if it lands. */
interface Written {
  readonly sent: Reading;
  readonly record: LeaseRecord;
}

/**
 * Replays a transcript: reads its title, its settings and what happened, and returns all of it with the states and the
 * effects that come of it. A line of input begins with `at`:
 *
 *     at <monotonic clock> [wall <how much the wall clock has stepped>]: <what happens>
 *
 * and is one of `time`, `look`, `heard <Date>`, `renew [by timer | proclaiming <JSON>]`, `renewed <write> <answer>`,
 * `step down <JSON>`, `stop`, `release [done | unseen]`, `released <write> <answer>`. An answer is `written`,
 * `written undated`, `refused by <write | JSON | nothing>`, `unknown` or `failed`. Of a shard (`throughSession`) also
 * `work`, `session over <JSON>`, `seen <JSON | nothing>` (what its row has that the term's record has not), `leave` and `left <JSON>`.
 */
export function replay(text: string): string {
  const lines = text.split("\n");
  const inputs = lines.filter((line) => line.startsWith("at "));
  const head = lines.slice(
    0,
    lines.findIndex((line) => line === ""),
  );
  const settings = head.find((line) => line.startsWith("settings: "))?.slice("settings: ".length) ?? "{}";
  const player = new Player(JSON.parse(settings) as Settings);
  return [...head, "", ...player.begin(), ...inputs.flatMap((line) => player.play(line)), ""].join("\n");
}

interface Settings extends TermOptions {
  readonly stable?: boolean;
  /** Whether its work is waited for from the beginning. */
  readonly waitsForWork?: boolean;
  readonly priority?: number;
  readonly minTermMs?: number;
  readonly tick?: string;
  /** When the first write was answered, by the monotonic clock. */
  readonly wonAt?: number;
  readonly overOwn?: boolean;
  /** Whether it is the term of a shard. */
  readonly throughSession?: boolean;
}

/** Plays one term, and tells of it line by line. */
class Player {
  readonly #rules: TermRules;
  readonly #waitsForWork: boolean;
  readonly #wonAt: number;
  readonly #overOwn: boolean;
  readonly #writes = new Map<string, Written>();
  #last: Reading | undefined;
  #ids = 0;
  #term: Term | undefined;

  constructor({ stable = false, waitsForWork = false, priority = 0, minTermMs = 0, ...options }: Settings) {
    this.#wonAt = options.wonAt ?? 20;
    this.#overOwn = options.overOwn ?? false;
    const timing = parseTiming({});
    const settings = parseTerm(options, { options: {}, timing, label: "ann" });
    this.#waitsForWork = waitsForWork;
    const rules = { name: "jobs", holder: "ann", stable, priority, minTermMs, timing, settings };
    this.#rules = options.throughSession === true ? { ...rules, ...ofShard(rules) } : rules;
  }

  begin(): string[] {
    const { settings, timing } = this.#rules;
    const sent = this.#read(0, 0);
    const at = this.#read(this.#wonAt, 0);
    const limit = { from: sent, lengthMs: settings.termLimitMs };
    const length = Math.min(settings.timing.durationMs, settings.termLimitMs);
    const isShard = this.#rules.throughSession === true;
    const won = {
      record: isShard ? SHARD : firstRecord(length),
      validity: isShard ? [] : [{ from: sent, lengthMs: length * (1 - timing.clockDriftRatio) }, limit],
      vouchers: isShard ? [] : [sampleOf(sent, at)],
      limit,
      overOwn: this.#overOwn,
    };
    const begun = beginTerm(this.#rules, won, this.#factsAt(at));
    const facts = this.#factsAt(at);
    const first = this.#waitsForWork ? step(this.#rules, begun.term, { on: "work" }, facts) : begun;
    return ["begins", ...this.#take(first, at), ""];
  }

  play(line: string): string[] {
    const [, mono = "", , stepped = "0", what = ""] =
      /^at (\d+)( wall (-?\d+))?: (.*)$/.exec(line) ?? unreadable(line);
    const at = this.#read(Number(mono), Number(stepped));
    if (this.#term === undefined) return unreadable(line);
    const event = eventOf(what, this.#term, this.#writes, at);
    return [line, ...this.#take(step(this.#rules, this.#term, event, this.#factsAt(at)), at), ""];
  }

  #read(mono: number, stepMs: number): Reading {
    this.#last = nextReading({ mono: instant(mono), wall: epochMs(NOON + mono + stepMs) }, this.#last);
    return this.#last;
  }

  #factsAt(at: Reading): Facts {
    const draw = (): string => {
      this.#ids += 1;
      return `w${this.#ids}`;
    };
    return {
      at,
      samples: [],
      get writeId() {
        return draw();
      },
    };
  }

  #take({ term, effects }: Step, at: Reading): string[] {
    const changes = changesOf(this.#term, term);
    this.#term = term;
    for (const effect of effects) {
      if (effect.do !== "send") continue;
      const { write } = effect;
      this.#writes.set(write.writeId, { sent: at, record: applied(term.record, write) });
    }
    const due = nextDue(term);
    return [...changes, ...effects.map(effectLine), due === undefined ? "  no timer" : `  timer: ${due}`];
  }
}

/** What a response tells of service time, which runs as the monotonic clock does. */
function sampleOf(sent: Reading, received: Reading): Sample {
  return { sent, received, date: epochMs(Math.floor((NOON + received.mono) / 1_000) * 1_000) };
}

function firstRecord(durationMs: number): LeaseRecord {
  return {
    name: "jobs",
    holder: "ann",
    token: 7,
    revision: 1,
    transitions: 1,
    writeId: "claim",
    durationMs,
    expiresAt: epochMs(NOON + durationMs),
  };
}

/** The term of a shard, as a session of token 5 has claimed it. */
const SHARD: LeaseRecord = {
  name: "jobs",
  row: "lease#a",
  holder: "ann",
  token: 7,
  revision: 1,
  transitions: 1,
  writeId: "claim",
  durationMs: 0,
  sessionToken: 5,
};

/** What the rules of a shard's term have of their own: its session is renewed, and it is not. */
function ofShard({ settings }: TermRules): Pick<TermRules, "row" | "throughSession" | "settings"> {
  return { row: SHARD.row, throughSession: true, settings: { ...settings, autoRenew: false } };
}

/** The record as a write leaves it. */
function applied(record: LeaseRecord, { set, clear, writeId }: LeaseWrite): LeaseRecord {
  const cleared = Object.entries(record).filter(([attribute]) => !(clear as string[]).includes(attribute));
  const rest = Object.fromEntries(cleared) as unknown as LeaseRecord;
  return { ...rest, ...set, writeId, revision: record.revision + 1 };
}

function eventOf(what: string, term: Term, writes: ReadonlyMap<string, Written>, at: Reading): TermEvent {
  const [verb, rest] = split(what);
  switch (verb) {
    case "time":
    case "look":
    case "work":
    case "leave":
      return { on: verb };
    case "session":
      return { on: "session-over", end: JSON.parse(split(rest)[1]) as LeaseEnd };
    case "seen":
      return { on: "seen", record: rest === "nothing" ? undefined : { ...term.record, ...parsed(rest) } };
    case "left":
      return { on: "left", result: parsed(rest) as unknown as ReleaseResult };
    case "heard":
      return { on: "heard", date: epochMs(Number(rest)) };
    case "stop":
      return { on: "stop", reason: "the caller's signal" };
    case "step":
      return { on: "step-down", ...(JSON.parse(split(rest)[1]) as StepDown) };
    case "release":
      return { on: "release", done: rest === "done", unseen: rest === "unseen" };
    case "renew":
      return rest.startsWith("proclaiming ")
        ? { on: "renew", order: { byTimer: false, value: { is: JSON.parse(split(rest)[1]) as unknown } } }
        : { on: "renew", order: { byTimer: rest === "by timer" } };
    case "renewed":
    case "released": {
      const [writeId, answer] = split(rest);
      const answered = answerOf(answer, term, writeId, writes);
      if (verb === "released") return { on: "released", writeId, answered };
      const sent = writes.get(writeId)?.sent;
      const dated = sent !== undefined && !answer.endsWith("undated") && "servedAt" in answered;
      return { on: "renewed", writeId, answered, sent, sample: dated ? sampleOf(sent, at) : undefined };
    }
    default:
      return unreadable(what);
  }
}

const parsed = (json: string): object => JSON.parse(json) as object;

type StepDown = Pick<Extract<TermEvent, { on: "step-down" }>, "to" | "reserveForMs" | "drainMs">;

function answerOf(
  answer: string,
  term: Term,
  writeId: string,
  writes: ReadonlyMap<string, Written>,
): Answered {
  if (answer === "unknown") return { kind: "unknown", cause: "no answer" };
  if (answer === "failed") return { kind: "failed", error: "access denied" };
  const servedAt = epochMs(NOON);
  if (answer === "refused by nothing") return { kind: "refused", current: undefined, servedAt };
  if (answer.startsWith("refused by ")) {
    const by = answer.slice("refused by ".length);
    const current = writes.get(by)?.record ?? { ...term.record, ...(JSON.parse(by) as object) };
    return { kind: "refused", current, servedAt };
  }
  const record = writes.get(writeId)?.record;
  if (record === undefined) return unreadable(answer);
  const [, changes] = split(answer.replace(/ ?undated$/, ""));
  const asked = changes === "" ? {} : (JSON.parse(changes) as object);
  return { kind: "written", record: { ...record, ...asked }, tokenBefore: undefined, servedAt };
}

function split(text: string): [string, string] {
  const [first = "", ...rest] = text.split(" ");
  return [first, rest.join(" ")];
}

function unreadable(what: string): never {
  throw new Error(`nobody can read "${what}"`);
}

/** What has changed in the state, a line each. */
function changesOf(before: Term | undefined, after: Term): string[] {
  return (Object.keys(after) as (keyof Term)[]).flatMap((key) => {
    const now = shown(after[key]);
    return before !== undefined && shown(before[key]) === now ? [] : [`  ${key}: ${now}`];
  });
}

function effectLine({ do: what, ...rest }: Effect): string {
  return `  > ${what} ${shown(rest)}`.replace(/ \{\}$/, "");
}

/** Shows data in one line; a reading by its monotonic clock, and by what has passed where that differs. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const { mono, passed } = value as Partial<Reading>;
  if (mono !== undefined && passed !== undefined)
    return mono === Number(passed) ? `@${mono}` : `@${mono} (${passed} passed)`;
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  return `{${entries.map(([key, held]) => `${key}: ${shown(held)}`).join(", ")}}`;
}
