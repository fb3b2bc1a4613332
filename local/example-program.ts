import { fileURLToPath } from "node:url";

const LIB = new URL("../lib/index.ts", import.meta.url).href;
/** What an installed package would do: `leasehold` is found by its name. */
const AS_INSTALLED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve: (name, context, next) => next(name === "leasehold" ? "${LIB}" : name, context),
  });
`)}`;

/** The arguments with which Node runs a file of `examples/` as a program of its own: on the library's source, so nothing has to be built. */
export function exampleArguments(example: string): string[] {
  const file = fileURLToPath(new URL(`../examples/${example}`, import.meta.url));
  return ["--disable-warning=ExperimentalWarning", "--import", AS_INSTALLED, file];
}
