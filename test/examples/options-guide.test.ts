import { expect, it } from "vitest";
import { LEADERSHIP_NAMES } from "../../lib/client/with-leadership.ts";
import { LISTENER_NAMES } from "../../lib/client/listeners.ts";
import { CLIENT_NAMES } from "../../lib/client/client-core.ts";
import { ACQUIRE_NAMES } from "../../lib/client/results.ts";
import { ELECTION_NAMES, parseElection } from "../../lib/core/candidate-options.ts";
import { isLeaseError } from "../../lib/core/errors.ts";
import {
  GROUP_NAMES,
  parseWorker,
  type ShardTermOptions,
  WORKER_NAMES,
} from "../../lib/core/group-options.ts";
import type { Names } from "../../lib/core/known.ts";
import { parseStepDown, parseTerm, TERM_NAMES, TICK_NAMES } from "../../lib/core/options.ts";
import { DEFAULT_TIMING } from "../../lib/core/timing.ts";
import { STORE_NAMES } from "../../lib/dynamodb/store-choice.ts";
import {
  type GroupOptions,
  LeaseClient,
  type ListOptions,
  type ObserveOptions,
  type SemaphoreOptions,
  type StepDownOptions,
  withLeadership,
} from "../../lib/index.ts";
import { InMemoryLeaseStore } from "../../lib/testing/index.ts";
import { read } from "../support/pages.ts";

type Options = Record<string, unknown>;

/** What the page says of one option. */
interface Row {
  readonly option: string;
  readonly standard: string;
  readonly bounds: string;
}

const leases = new LeaseClient({ store: new InMemoryLeaseStore() });
const term = parseTerm({}, { options: {}, timing: DEFAULT_TIMING, label: "me" });
let names = 0;
const fresh = (): string => `lease-${(names += 1)}`;
const less = (all: object, but: object): string[] => Object.keys(all).filter((name) => !(name in but));

const SEMAPHORE: Names<Omit<SemaphoreOptions, keyof GroupOptions | keyof ShardTermOptions>> = {
  permits: true,
};
const OTHER: Names<ObserveOptions & ListOptions & StepDownOptions & { toleranceMs: number }> = {
  signal: true,
  intervalMs: true,
  pageTimeoutMs: true,
  toleranceMs: true,
  reserveFor: true,
  reserveForMs: true,
  drainMs: true,
};

/** Of each section: the options that there are, what takes them, and the defaults that are numbers. */
const SECTIONS: Readonly<
  Record<string, { names: readonly string[]; take: (options: Options) => unknown; defaults: object }>
> = {
  "A client": {
    names: Object.keys({ ...STORE_NAMES, ...CLIENT_NAMES }),
    take: (options) =>
      new LeaseClient("tableName" in options ? options : { store: new InMemoryLeaseStore(), ...options }),
    defaults: DEFAULT_TIMING,
  },
  "A term": {
    names: Object.keys(TERM_NAMES),
    take: (options) => leases.candidate("a", options),
    defaults: term,
  },
  "An occurrence": { names: Object.keys(TICK_NAMES), take: () => undefined, defaults: {} },
  "A wait": {
    names: less(ACQUIRE_NAMES, TERM_NAMES),
    take: (options) => leases.acquire(fresh(), { ...options, signal: AbortSignal.abort() }),
    defaults: {},
  },
  "A candidate": {
    names: less({ ...ELECTION_NAMES, ...LISTENER_NAMES }, TERM_NAMES),
    take: (options) => ("timeoutMs" in options ? undefined : leases.candidate("a", options)),
    defaults: parseElection({}, DEFAULT_TIMING),
  },
  "A group": {
    names: Object.keys(GROUP_NAMES),
    take: (options) => leases.group("g", options),
    defaults: term,
  },
  "A worker": {
    names: [...Object.keys(WORKER_NAMES), "onWorkFailed"],
    take: (options) => leases.group("g").worker({ shards: [], ...options }),
    defaults: { ...term, ...parseWorker({ shards: [] }) },
  },
  "A semaphore": {
    names: Object.keys(SEMAPHORE),
    take: (options) => leases.semaphore("s", { permits: 1, ...options }),
    defaults: {},
  },
  "A Lambda handler": {
    names: Object.keys(LEADERSHIP_NAMES),
    take: (options) => withLeadership(async () => "led", { leases, name: fresh(), ...options })({}, {}),
    defaults: { ...term, timeoutMarginMs: documented("client/with-leadership.ts", "timeoutMarginMs") },
  },
  "Other calls": {
    names: Object.keys(OTHER),
    take: (options) => {
      const [option = ""] = Object.keys(options);
      if (option === "toleranceMs") return leases.candidate("a").healthy(options);
      if (option === "intervalMs") return leases.observe("a", options).next();
      if (option === "pageTimeoutMs") return leases.list(options).next();
      return parseStepDown(options, term);
    },
    defaults: {
      pageTimeoutMs: documented("client/reading.ts", "pageTimeoutMs"),
      toleranceMs: documented("client/candidate.ts", "toleranceMs"),
    },
  },
};

/** The default that a docstring has: of those that no exported function parses. */
function documented(file: string, option: string): number {
  const found = new RegExp(`@default ([\\d_]+)(?:(?!@default)[^])*?\\b${option}\\b`).exec(
    read(`lib/${file}`),
  );
  return numberIn(found?.[1] ?? "");
}

function numberIn(text: string): number {
  return Number(text.replaceAll(/[,_]/g, "").replace("−", "-"));
}

function rowsUnder(section: string): Row[] {
  const [, text = ""] =
    new RegExp(`\n## ${section}\n([^]*?)(?=\n## |$)`).exec(read("docs/guides/options.md")) ?? [];
  return [...text.matchAll(/^\| `(\w+)` \| (.*?) \| (?:(.*?) )?\| .+ \|$/gm)].map(
    ([, option = "", standard = "", bounds = ""]) => ({ option, standard, bounds }),
  );
}

/** Whether a value is taken: what is refused names the option. */
async function isTaken(
  take: (options: Options) => unknown,
  option: string,
  value: unknown,
): Promise<boolean> {
  const beside: Options =
    option === "affinityMs" ? { affinity: "eu" } : option === "affinity" ? { affinityMs: 1_000 } : {};
  if (option === "serviceClockErrorMs") beside["graceMs"] = 86_400_000;
  try {
    await take({ [option]: value, ...beside });
    return true;
  } catch (error) {
    if (isLeaseError(error, "ABORTED")) return true;
    if (!isLeaseError(error, "INVALID_ARGUMENT") || !error.message.includes(option)) throw error;
    return false;
  }
}

it.each(Object.entries(SECTIONS))(
  "the guide has every option under %s, in bounds that the code has",
  async (section, { names: all, take, defaults }) => {
    const rows = rowsUnder(section);
    expect(rows.map(({ option }) => option).sort()).toEqual([...all].sort());
    for (const { option, standard, bounds } of rows) {
      if (/^[\d,.]+$/.test(standard)) expect(numberIn(standard), option).toBe((defaults as Options)[option]);
      const [, least, most, bytes] = /^(−?[\d,.]+)(?: or more| to ([\d,.]+)( bytes)?)$/.exec(bounds) ?? [];
      if (least === undefined) continue;
      const step = most?.includes(".") ? 0.001 : 1;
      const made = (value: number): unknown => (bytes === undefined ? value : "x".repeat(value));
      expect(await isTaken(take, option, made(numberIn(least))), `${option} ${least}`).toBe(true);
      expect(await isTaken(take, option, made(numberIn(least) - step)), `${option} under ${least}`).toBe(
        false,
      );
      if (most === undefined) continue;
      expect(await isTaken(take, option, made(numberIn(most))), `${option} ${most}`).toBe(true);
      expect(await isTaken(take, option, made(numberIn(most) + step)), `${option} over ${most}`).toBe(false);
    }
  },
);

it("the guide gives choices that the code takes, and no others", async () => {
  for (const [section, { take }] of Object.entries(SECTIONS)) {
    for (const { option, bounds } of rowsUnder(section)) {
      const choices = [...bounds.matchAll(/`("?)(\w[\w-]*)\1`/g)].map(([, quote, text]) =>
        quote === "" ? text === "true" : text,
      );
      if (choices.length === 0 || section === "An occurrence") continue;
      for (const choice of choices) expect(await isTaken(take, option, choice), option).toBe(true);
      expect(await isTaken(take, option, "nonsense"), option).toBe(false);
    }
  }
});
