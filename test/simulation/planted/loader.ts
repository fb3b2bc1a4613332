import { registerHooks } from "node:module";
import type { Replacement } from "./plant.ts";

const LIB = new URL("../../../lib/", import.meta.url).href;
const ORIGINAL = "?original";
const PLANTED = "?planted";

let replacement: Replacement | undefined;

/** What a planted module exports in place of the original. Called by the module that stands in for it. */
export function planted(original: object): object {
  return { ...original, ...replacement?.make(original) };
}

/**
 * Puts another module in the place of one of lib's, in this thread, for everything that is imported from now
 * on. The production code has no part in it: its imports are resolved to a module made here, which passes on
 * whatever it does not replace.
 */
export async function plant(replaced: Replacement): Promise<void> {
  replacement = replaced;
  const url = new URL(replaced.module, LIB).href;
  const names = Object.keys((await import(url + ORIGINAL)) as object);
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      return resolved.url === url ? { ...resolved, url: url + PLANTED } : resolved;
    },
    load(loaded, context, next) {
      if (loaded !== url + PLANTED) return next(loaded, context);
      const source = [
        `import * as original from ${JSON.stringify(url + ORIGINAL)};`,
        `import { planted } from ${JSON.stringify(import.meta.url)};`,
        `export const { ${names.join(", ")} } = planted(original);`,
      ].join("\n");
      return { format: "module", source, shortCircuit: true };
    },
  });
}
