import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repo, path), "utf8");
const page = read("docs/fencing.md");

/** Code blocks that name the example they are taken from. */
const snippets = [...page.matchAll(/<!-- (examples\/fencing\/[\w-]+\.ts) -->\n```ts\n(.*?)```/gs)].map(
  ([, file = "", code = ""]) => ({ file, code, begins: code.split("\n")[0] }),
);

describe("the page on fencing", () => {
  it.each(snippets)("shows $file as it is, from «$begins» on", ({ file, code }) => {
    expect(read(file)).toContain(code);
  });

  it("shows every example of fencing, and no other code", () => {
    const files = readdirSync(join(repo, "examples/fencing")).map((name) => `examples/fencing/${name}`);
    expect(new Set(snippets.map(({ file }) => file))).toEqual(new Set(files));
    expect(page.match(/```ts\n/g)).toHaveLength(snippets.length);
  });

  it("leaves out of an example no function that it exports", () => {
    for (const { file } of snippets) {
      const shown = snippets
        .filter((snippet) => snippet.file === file)
        .map(({ code }) => code)
        .join("");
      for (const [, name] of read(file).matchAll(/^export (?:async )?function (\w+)/gm)) {
        expect(shown, `${name} of ${file}`).toMatch(new RegExp(`function ${name}[(<]`));
      }
    }
  });
});
