import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const repo = join(import.meta.dirname, "../..");
const { satisfies } = createRequire(import.meta.url)("semver") as {
  readonly satisfies: (version: string, range: string) => boolean;
};

interface Locked {
  readonly version?: string;
  readonly deprecated?: string;
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}
const { packages } = JSON.parse(readFileSync(join(repo, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(packages);

describe("the lock file", () => {
  it("holds no deprecated package", () => {
    expect(locked.length).toBeGreaterThan(300);
    expect(locked.filter(([, { deprecated }]) => deprecated !== undefined)).toEqual([]);
  });

  it("holds packages that run on the Node that it holds", () => {
    const node = packages["node_modules/node"]?.version ?? "";
    const unfit = locked.filter(([, { optional, engines }]) => {
      return optional !== true && !satisfies(node, engines?.node ?? "*");
    });
    // Babel asks for 24.11 or later. Stryker alone brings it, and `npm run mutate` is not part of any other command.
    expect(unfit.map(([path]) => path).filter((path) => !path.includes("node_modules/@babel/"))).toEqual([]);
  });
});
