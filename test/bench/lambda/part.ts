import { stop } from "esbuild";
import { engineClient, startEngine } from "../../../local/engine.ts";
import { makeOwnedFolder } from "../../../local/harness/processes.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import type { BenchContext, Part, Section } from "../part.ts";
import { type Acquired, acquireFresh } from "./acquiring.ts";
import { buildModules, contributorsOf, type Modules } from "./bundles.ts";
import { type Imported, importFresh } from "./importing.ts";
import { acquireSection, bundleSection, importSection, moneySection } from "./sections.ts";
import { shuffled } from "../figures.ts";

/** What a scheduled function pays for its election: bytes, time at its start, memory, requests and money. */
export const lambda: Part = {
  name: "lambda",
  about: "a scheduled function: bundle, import, first and warm acquire, memory, money",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await makeOwnedFolder("leasehold-bench-lambda-"));
    // The bundler's process would stay.
    stack.defer(stop);
    context.progress("bundles handlers");
    const [modules, withLeadership, leaderOnly] = await Promise.all([
      buildModules(folder.path, context.signal),
      contributorsOf("withLeadership"),
      contributorsOf("leaderOnly"),
    ]);
    const sections: Section[] = [bundleSection({ withLeadership, leaderOnly })];
    sections.push(importSection(await importRounds(modules, context)));
    sections.push(acquireSection(await acquireRounds(modules, context)));
    return [...sections, moneySection()];
  },
};

/** Of processes of each kind. */
const ROUNDS = 15;

/** What is imported, after what. */
const IMPORTS = {
  bundled: { sdk: "bundledSdk", module: "bundled" },
  bundledWithoutGroups: { sdk: "bundledSdk", module: "bundledWithoutGroups" },
  packaged: { sdk: "packagedSdk", module: "packaged" },
  bundledSdk: { sdk: "nothing", module: "bundledSdk" },
  packagedSdk: { sdk: "nothing", module: "packagedSdk" },
} as const satisfies Record<string, { sdk: keyof Modules; module: keyof Modules }>;
export type ImportKind = keyof typeof IMPORTS;

async function importRounds(
  modules: Modules,
  { smoke, signal, progress }: BenchContext,
): Promise<Record<ImportKind, Imported[]>> {
  const kinds = Object.keys(IMPORTS) as ImportKind[];
  const asked: readonly ImportKind[] = smoke ? ["bundled", "packaged"] : kinds;
  const measured = Object.fromEntries(kinds.map((kind) => [kind, [] as Imported[]])) as Record<
    ImportKind,
    Imported[]
  >;
  const rounds = smoke ? 1 : ROUNDS;
  for (let round = 1; round <= rounds; round += 1) {
    progress(`imports in fresh processes, round ${round} of ${rounds}`);
    for (const kind of shuffled(asked)) {
      signal.throwIfAborted();
      const { sdk, module } = IMPORTS[kind];
      measured[kind].push(await importFresh({ sdk: modules[sdk], module: modules[module] }));
    }
  }
  return measured;
}

/** Who acquires. */
export type Acquirer = "ours" | "bare";

async function acquireRounds(
  modules: Modules,
  { smoke, signal, progress }: BenchContext,
): Promise<Record<Acquirer, Acquired[]>> {
  await using engine = await startEngine();
  const client = engineClient(engine.endpoint);
  await createLeaseTable(client, "leases");
  client.destroy();
  const measured: Record<Acquirer, Acquired[]> = { ours: [], bare: [] };
  const rounds = smoke ? 1 : ROUNDS;
  for (let round = 1; round <= rounds; round += 1) {
    progress(`acquires in fresh processes, round ${round} of ${rounds}`);
    for (const who of shuffled(["ours", "bare"] as const)) {
      signal.throwIfAborted();
      const { endpoint } = engine;
      const { bundledSdk: sdk, bundled } = modules;
      const ours = who === "ours" ? bundled : undefined;
      measured[who].push(
        await acquireFresh({ sdk, ours, endpoint, table: "leases", name: who, warm: smoke ? 2 : 30 }),
      );
    }
  }
  return measured;
}
