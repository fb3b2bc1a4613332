import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repo, path), "utf8");
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** Code blocks that name the example they are taken from. */
function snippetsOf(page: string): { file: string; lines: string[] }[] {
  const blocks = read(page).matchAll(/<!-- (examples\/[\w-]+\.ts) -->\n```ts\n(.*?)```/gs);
  return [...blocks].map(([, file = "", code = ""]) => ({ file, lines: linesOf(code) }));
}

function expectInOrder({ file, lines }: { file: string; lines: string[] }): void {
  const rest = linesOf(read(file));
  for (const line of lines) {
    const at = rest.indexOf(line);
    expect(at, `"${line}" is not in ${file}, or not in this order`).toBeGreaterThanOrEqual(0);
    rest.splice(0, at + 1);
  }
}

describe("the guide to the constructs", () => {
  it.each(snippetsOf("docs/guides/cdk.md"))("shows $file as it is, in its order", expectInOrder);

  it("shows no code that is not an example", () => {
    const blocks = read("docs/guides/cdk.md").match(/```ts\n/g) ?? [];
    expect(snippetsOf("docs/guides/cdk.md")).toHaveLength(blocks.length);
  });
});

describe("the readme", () => {
  it.each(snippetsOf("README.md"))("shows $file as it is, in its order", expectInOrder);

  it("shows no code that is not an example, but for its first line and the commands", () => {
    const blocks = read("README.md").match(/```ts\n/g) ?? [];
    expect(snippetsOf("README.md")).toHaveLength(blocks.length - 1);
  });

  it("links to pages that exist", () => {
    const pages = [
      "README.md",
      "CONTRIBUTING.md",
      "docs/guides/cdk.md",
      "test/README.md",
      ...readdirSync(join(repo, "docs"))
        .filter((p) => p.endsWith(".md"))
        .map((p) => `docs/${p}`),
    ];
    for (const page of pages) {
      for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        const path = join(page, "..", target);
        expect(
          () => readdirSync(join(repo, path, target.includes(".") ? ".." : "")),
          `${page} links to ${target}`,
        ).not.toThrow();
        if (target.includes(".")) expect(() => read(path), `${page} links to ${target}`).not.toThrow();
      }
    }
  });

  it("states the cost that its command prints", async () => {
    const { execFileSync } = await import("node:child_process");
    const printed = execFileSync(join(repo, "node_modules/.bin/node"), ["bench/cost.ts"], {
      cwd: repo,
      encoding: "utf8",
    });
    const rows = read("README.md").matchAll(
      /^\| ((?:job|service)[^|]*) \| ([\d,]+) (?:writes|strong reads) \| ([\d.]+) \|$/gm,
    );
    const stated = [...rows].map(([, name = "", requests = "", usd = ""]) => ({ name, requests, usd }));
    expect(stated).toHaveLength(5);
    for (const { name, requests, usd } of stated) {
      const line = printed.split("\n").find((candidate) => candidate.includes(name)) ?? "";
      expect(line).toContain(requests);
      expect(line).toContain(usd);
    }
  });
});
