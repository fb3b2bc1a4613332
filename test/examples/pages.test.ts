import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, codeBlocksOf, linesOf, linksOf, PAGES, read } from "../support/pages.ts";

const repo = join(import.meta.dirname, "../..");
const blocks = PAGES.flatMap(codeBlocksOf);
const CODE = /^(ts|js|yaml|json|hcl)$/;
const isGuide = (page: string): boolean => page === "README.md" || page.startsWith("docs/guides/");

describe("a page", () => {
  it.each(PAGES)("%s links to files and headings that exist", (page) => {
    for (const { path, anchor } of linksOf(page)) {
      expect(existsSync(join(repo, path)), `${page} links to ${path}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(path), `${page} links to ${path}#${anchor}`).toContain(anchor);
    }
  });

  it("finds links and headings at all", () => {
    expect(linksOf("README.md").length).toBeGreaterThan(30);
    expect(anchorsOf("docs/protocol.md")).toContain("invariants-and-why-they-hold");
    expect(anchorsOf("docs/guides/from-shedlock.md").length).toBeGreaterThan(3);
  });

  it.each(blocks.flatMap(({ page, file, code }) => (file === undefined ? [] : [{ page, file, code }])))(
    "$page shows $file as it is, in its order",
    ({ file, code }) => {
      const rest = linesOf(read(file));
      for (const line of linesOf(code)) {
        const at = rest.indexOf(line);
        expect(at, `"${line}" is not in ${file}, or not in this order`).toBeGreaterThanOrEqual(0);
        rest.splice(0, at + 1);
      }
    },
  );

  it.each(PAGES.filter(isGuide))("%s shows no code that is not an example", (page) => {
    const loose = codeBlocksOf(page).filter(
      ({ file, language }) => file === undefined && CODE.test(language),
    );
    // The first thing on the README is one line of what all this is about.
    const allowed = page === "README.md" ? ['await using lease = await leases.acquire("writer");\n'] : [];
    expect(loose.map(({ code }) => code)).toEqual(allowed);
  });
});

describe("the readme", () => {
  it("links every guide in its table of guides", () => {
    const [, table = ""] = /\n## Guides\n([^]*)$/.exec(read("README.md")) ?? [];
    const guides = globSync("docs/guides/*.md", { cwd: repo });
    expect(guides.length).toBeGreaterThan(20);
    expect(guides.filter((guide) => !table.includes(`](${guide})`))).toEqual([]);
  });
});

describe("the examples", () => {
  it.each(globSync("examples/**/*.*", { cwd: repo }))("%s is shown or linked somewhere", (file) => {
    const shown = blocks.some((block) => block.file === file);
    const linked = PAGES.some((page) =>
      linksOf(page).some(({ path }) => path === file || (path !== "examples" && path === join(file, ".."))),
    );
    expect(shown || linked).toBe(true);
  });

  it("ask nothing of Node that 22.12 does not know: `import.meta.main` came with 24.2, and is undefined before", () => {
    const asking = globSync("examples/**/*.*", { cwd: repo }).filter((file) => /meta\.main/.test(read(file)));
    expect(asking).toEqual([]);
  });
});

describe("a command on a page", () => {
  const commands = blocks.filter(({ language }) => language === "sh");

  it("names files that are among the examples", () => {
    const names = commands.flatMap(({ code }) =>
      [...code.matchAll(/file:\/\/([\w.-]+)|node ([\w-]+\.\w+)|--template-file ([\w.-]+)/g)].map(
        ([, input, program, template]) => input ?? program ?? template ?? "",
      ),
    );
    expect(names.length).toBeGreaterThan(8);
    const files = new Set(globSync("examples/**/*.*", { cwd: repo }).map((file) => basename(file)));
    expect(names.filter((name) => !files.has(name))).toEqual([]);
  });

  it("runs npm scripts that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it("installs every peer of the package, and nothing else beside it but tools", () => {
    const installs = commands
      .filter(({ page }) => page === "docs/guides/install.md")
      .flatMap(({ code }) =>
        [...code.matchAll(/^npm install (?!--save-dev)(.+)$/gm)].map(([, names = ""]) => names),
      );
    const installed = installs.join(" ").split(" ");
    const { name, peerDependencies } = JSON.parse(read("package.json")) as {
      name: string;
      peerDependencies: Record<string, string>;
    };
    expect(installed.sort()).toEqual([name, ...Object.keys(peerDependencies)].sort());
  });
});
