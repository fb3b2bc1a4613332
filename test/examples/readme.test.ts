import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "../support/pages.ts";

const repo = join(import.meta.dirname, "../..");

describe("the readme", () => {
  it("states the cost that its command prints", () => {
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
