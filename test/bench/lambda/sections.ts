import { LIST_PRICES } from "../../../lib/cli/cost/bill.ts";
import type { Section } from "../part.ts";
import type { Acquired } from "./acquiring.ts";
import type { Handler } from "./bundles.ts";
import type { Imported } from "./importing.ts";
import { moneyTables } from "./money.ts";
import type { Acquirer, ImportKind } from "./part.ts";
import { spreadCell, spreadOf } from "../figures.ts";

/** The bound of ADR 13, in KB. */
const BUNDLE_KB = 123;

const kb = (bytes: number): number => Math.round((bytes / 1024) * 10) / 10;
const sum = (values: Iterable<number>): number => [...values].reduce((so, value) => so + value, 0);
const isOurs = (who: string): boolean => who.startsWith("leasehold");

/** Who has which part of a function's bundle. */
export function bundleSection(of: Readonly<Record<Handler, ReadonlyMap<string, number>>>): Section {
  const whose = [...new Set(Object.values(of).flatMap((sums) => Array.from(sums.keys())))].sort(
    (a, b) =>
      Number(isOurs(b)) - Number(isOurs(a)) || (of.leaderOnly.get(b) ?? 0) - (of.leaderOnly.get(a) ?? 0),
  );
  const ours = (handler: Handler): number =>
    sum([...of[handler]].filter(([who]) => isOurs(who)).map(([, bytes]) => bytes));
  const row = (name: string, value: (handler: Handler) => number) => [
    name,
    kb(value("withLeadership")),
    kb(value("leaderOnly")),
  ];
  return {
    title: "Lambda: what a function's bundle consists of",
    text: [
      "A scheduled function, bundled by esbuild into one minified file, in KB by who has written what is in it. The AWS SDK is `@aws-sdk` and `@smithy`. A function that uses neither groups nor semaphores has them in its bundle all the same, as methods of the one client (ADR 13).",
    ],
    tables: [
      {
        columns: ["KB", "withLeadership", "leaderOnly with middy"],
        rows: [
          ...whose.map((who) => row(who, (handler) => of[handler].get(who) ?? 0)),
          row("leasehold in all", ours),
          row("in all", (handler) => sum(of[handler].values())),
        ],
      },
    ],
    plots: [],
    targets: [
      { what: "KB of leasehold in a function's bundle", atMost: BUNDLE_KB, measured: kb(ours("leaderOnly")) },
    ],
  };
}

const NAMED: Readonly<Record<ImportKind, string>> = {
  bundledSdk: "the SDK, bundled",
  bundled: "leasehold beyond it, bundled",
  bundledWithoutGroups: "the same, if groups and semaphores could be left out",
  packagedSdk: "the SDK, as packages",
  packaged: "leasehold beyond it, as a package",
};

/** How long imports take, and what they keep. */
export function importSection(measured: Readonly<Record<ImportKind, readonly Imported[]>>): Section {
  const of = (kind: ImportKind, field: keyof Imported) =>
    spreadOf(measured[kind].map((imported) => imported[field]));
  const measuredKinds = (Object.keys(NAMED) as ImportKind[]).filter((kind) => measured[kind].length > 0);
  return {
    title: "Lambda: what an import takes",
    text: [
      "Each import in a process of its own, in rounds of shuffled order, on a warm file cache; medians, with the quartiles in brackets. The SDK is imported first in the same process, so that what follows is beyond it. *Bundled* is one minified file for each. *As a package* is what `npm install` has, by a handler that imports `leasehold` and `leasehold/middy`; the SDK is then the three packages that are peers.",
      "CPU is that of the main thread: what an import would take on a core of its own. Wall time counts what other programs take besides. Memory is after garbage was collected (heap), and as the system counts it (rss). Lambda's processors are others, and its file system is slower when it is cold: compare the rows, do not add them to a cold start.",
    ],
    tables: [
      {
        columns: ["", "wall, ms", "CPU, ms", "heap, KB", "rss, KB"],
        rows: measuredKinds.map((kind) => [
          NAMED[kind],
          spreadCell(of(kind, "wallMs")),
          spreadCell(of(kind, "cpuMs")),
          Math.round(of(kind, "heapKb").median),
          Math.round(of(kind, "rssKb").median),
        ]),
      },
    ],
    plots: [],
    targets: (
      [
        ["bundled", 5, "most of it is reading and compiling, groups and semaphores included (ADR 13)"],
        ["packaged", 10, "most of it is reading and compiling what is not minified (ADR 33)"],
      ] as const
    ).flatMap(([kind, atMost, because]) => [
      { what: `${NAMED[kind]}: ms of wall time`, atMost, measured: of(kind, "wallMs").median, because },
      { what: `${NAMED[kind]}: ms of CPU`, atMost, measured: of(kind, "cpuMs").median, because },
    ]),
  };
}

/** How long the first acquire of a process takes, and the later ones. */
export function acquireSection(measured: Readonly<Record<Acquirer, readonly Acquired[]>>): Section {
  const row = (named: string, all: readonly Acquired[]) => [
    named,
    all[0]?.requests ?? 0,
    spreadCell(spreadOf(all.map(({ firstMs }) => firstMs))),
    all[0]?.warmRequests ?? 0,
    spreadCell(spreadOf(all.flatMap(({ warmMs }) => warmMs))),
  ];
  return {
    title: "Lambda: the first acquire, and a warm one",
    text: [
      "A cycle of acquire and release in a fresh process, then thirty more in the same one, on the embedded engine over loopback, through the bundled SDK. The first has the SDK look for credentials, open a connection and be compiled. *Bare* is two conditional writes that know no time, token or expiry: the least that can be sent. A network and DynamoDB itself add the same to both.",
    ],
    tables: [
      {
        columns: ["", "requests of the first", "first, ms", "requests of a warm one", "warm, ms"],
        rows: [row("leasehold", measured.ours), row("two bare writes", measured.bare)],
      },
    ],
    plots: [],
    targets: [],
  };
}

/** What leader and follower cost. */
export function moneySection(): Section {
  const { perMillionWrites, perMillionReads, region, since } = LIST_PRICES;
  return {
    title: "Lambda: what a leader and a follower cost",
    text: [
      `Request units of DynamoDB (W for writes, R for strongly consistent reads) and USD a month, at ${perMillionWrites} and ${perMillionReads} USD a million (${region}, on demand, since ${since}). Ours as \`leasehold cost\` reckons it, which a test compares with what clients send. Those of the alternatives are read from the sources of dynamodb-lock-client 0.7.3 and @deliveryhero/dynamodb-lock 2.0.0, with our lengths: a lease of 15 s that is renewed every 5 s. The part on alternatives measures their requests.`,
      `A follower finds the lock held. Where it has to wait for a lease's length before it may give up, Lambda bills that as well, which is more than the requests. And one that comes after the leader is done leads the same occurrence once more: the alternatives have no memory of occurrences. With \`trustLocalTime\` a follower pays for a read only, as it believes the wall clock of whoever wrote the row. A standby of theirs that looks once per lease's length costs less than one of ours that looks every 2 s, and learns of a release that much later; with \`retryIntervalMs: 15_000\` ours costs 0.022 USD.`,
    ],
    tables: moneyTables(),
    plots: [],
    targets: [],
  };
}
