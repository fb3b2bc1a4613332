import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const repo = join(import.meta.dirname, "../..");

/** The pages that people read, as paths from the repository's root. */
export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "test/README.md",
  ...globSync("docs/**/*.md", { cwd: repo }).sort(),
];

/** The text of a file of the repository. */
export const read = (path: string): string => readFileSync(join(repo, path), "utf8");

/** A block of code on a page. */
export interface CodeBlock {
  readonly page: string;
  /** The example that it says it is taken from. */
  readonly file: string | undefined;
  readonly language: string;
  readonly code: string;
}

/** The blocks of code of a page, with the example that the comment before each one names. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const blocks = read(page).matchAll(/(?:<!-- (examples\/[\w./-]+) -->\n)?^```(\w*)\n(.*?)^```$/gms);
  return [...blocks].map(([, file, language = "", code = ""]) => ({ page, file, language, code }));
}

/** Where a page's links lead, but for those to other sites: a path from the repository's root, and a heading there. */
export function linksOf(page: string): { readonly path: string; readonly anchor: string | undefined }[] {
  const links = proseOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g);
  return [...links].map(([, target = "", anchor]) => ({
    path: target === "" ? page : join(page, "..", target),
    anchor,
  }));
}

/** The anchors of a page's headings, as GitHub makes them: a second heading of the same words gets a number. */
export function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}

/** The lines of a text that hold something, without indentation. */
export const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The rows of a page's tables whose first cell matches, as cells. */
export function rowsOf(page: string, first: RegExp): string[][] {
  const rows = [...read(page).matchAll(/^\| (.+) \|$/gm)].map(([, row = ""]) => row.split(" | "));
  return rows.filter(([cell = ""]) => first.test(cell));
}

const proseOf = (page: string): string => read(page).replaceAll(/^```\w*\n.*?^```$/gms, "");
