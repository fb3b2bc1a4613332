import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { engineClient, startEngine } from "../../local/engine.ts";
import { createLeaseTable, putRow } from "../support/lease-tables.ts";

const repo = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repo, path), "utf8");

/** The paths of a page that stand between backticks. */
const pathsIn = (page: string, path: RegExp): string[] =>
  [...read(page).matchAll(/`([^`\n]+)`/g)].flatMap(([, text = ""]) => (path.test(text) ? [text] : []));

/** The first cells of a page's table rows. */
const firstCells = (page: string): string[] =>
  [...read(page).matchAll(/^\| (.+?) \|/gm)].map(([, cell = ""]) => cell);

/** The condition of a request, with names in place of its placeholders: its own for attributes, the given ones for values. */
function namedCondition(input: UpdateItemCommandInput, values: readonly string[]): string {
  return String(input.ConditionExpression)
    .replace(/#\d+/g, (placeholder) => String(input.ExpressionAttributeNames?.[placeholder]))
    .replace(/:(\d+)/g, (_, nth: string) => `:${values[Number(nth)]}`);
}

describe("the page on architecture", () => {
  const page = "docs/architecture.md";

  it("names files that exist", () => {
    const paths = pathsIn(page, /^(lib|test)\/[\w./-]+\.ts$/);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(repo, path)))).toEqual([]);
  });

  it("shows the conditions that an acquire sends, on a vacant lease and for a take-over", async () => {
    await using engine = await startEngine();
    const client = engineClient(engine.endpoint);
    const sentUpdates: UpdateItemCommandInput[] = [];
    client.middlewareStack.add(
      (next) => (sent) => {
        if ("UpdateExpression" in sent.input) sentUpdates.push(sent.input);
        return next(sent);
      },
      { step: "initialize" },
    );
    await createLeaseTable(client, "leases");
    // Vacant, but its token is ahead of every clock: refused to a claim, then taken over as it was seen.
    const token = Date.now() + 3_600_000;
    await putRow(client, "leases", { pk: "ahead", sk: "lease", token, revision: 1, writeId: "w" });
    const leases = new LeaseClient({ tableName: "leases", client });
    await leases.acquire("ahead");
    expect(sentUpdates).toHaveLength(2);
    const [claim, takeOver] = sentUpdates as [UpdateItemCommandInput, UpdateItemCommandInput];
    const text = read(page).replaceAll(/\s+/g, " ");
    expect(text).toContain(namedCondition(claim, ["me", "token"]));
    expect(text).toContain(`\`${namedCondition(takeOver, ["seenRevision", "seenToken"])}\``);
    await leases.close();
    client.destroy();
  });
});

describe("the page on tests", () => {
  const page = "test/README.md";

  it("names files and folders that exist", () => {
    const paths = pathsIn(page, /^[\w-]+\/(?:[\w./-]+\.ts)?$/).filter((path) => path !== "lib/");
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !existsSync(join(repo, "test", path)))).toEqual([]);
  });

  it("has a row for each guarantee of the readme", () => {
    const [, guarantees = ""] = /## What is guaranteed\n([^]*?)\n\n- \*\*A1/.exec(read("README.md")) ?? [];
    const promised = [...guarantees.matchAll(/^\| (\w.+?) \|/gm)].map(([, promise = ""]) => promise);
    expect(promised).toHaveLength(6);
    const proven = firstCells(page).map((cell) => cell.replace(/( within the bound)?\.$/, ""));
    const unproven = promised.filter((promise) => !proven.some((cell) => promise.startsWith(cell)));
    expect(unproven).toEqual([]);
  });

  it("explains the numbers that tests bear, and no others", () => {
    const borne = globSync("test/**/*.ts", { cwd: repo }).flatMap((file) =>
      [...read(file).matchAll(/\bit(?:\.\w+\([^()]*\))?\(\s*"((?:#\d+ )+)/g)].flatMap(([, numbers = ""]) =>
        numbers.trim().split(" "),
      ),
    );
    const explained = firstCells(page).filter((cell) => /^#\d+$/.test(cell));
    expect(explained).toEqual([...new Set(explained)]);
    expect(new Set(explained)).toEqual(new Set(borne));
  });
});
