import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { expect, it } from "vitest";

/** A program whose start-up makes a client and a candidate and draws ids, and which goes on from an image of that. */
const PROGRAM = `
import { randomUUID } from "node:crypto";
import { startupSnapshot } from "node:v8";
import { StoreLeaseClient } from "./lib/client/lease-client.ts";
import { systemRandom } from "./lib/client/system-ports.ts";
import { InMemoryLeaseStore } from "./lib/testing/in-memory-store.ts";

const clock = { now: () => ({ mono: 1, wall: 1_767_225_600_000 }), timer: () => () => undefined };
const client = new StoreLeaseClient({ store: new InMemoryLeaseStore({ clock }), clock, holder: "a" });
const candidate = client.candidate("jobs");
randomUUID();
systemRandom.id();
systemRandom.fraction();

startupSnapshot.setDeserializeMainFunction(() => {
  const lease = client.acquire("jobs");
  void lease.then(({ holder }) => {
    const drawn = [systemRandom.id(), systemRandom.id(), systemRandom.fraction()];
    console.log(JSON.stringify([...drawn, candidate.id, holder]));
    process.exit(0);
  });
});
`;

it("draws ids and jitter anew in every process that starts from one image of memory", {
  timeout: 60_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-image-"));
  try {
    const [script, image] = [join(folder, "program.cjs"), join(folder, "image.blob")];
    const resolveDir = join(import.meta.dirname, "../..");
    buildSync({
      stdin: { contents: PROGRAM, resolveDir, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "cjs",
      outfile: script,
      logLevel: "error",
    });
    const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: "utf8" });
    node("--snapshot-blob", image, "--build-snapshot", script);
    const starts = [1, 2, 3].map(() => JSON.parse(node("--snapshot-blob", image, script)) as unknown[]);
    expect(starts.map(({ length }) => length)).toEqual([5, 5, 5]);
    expect(new Set(starts.flat()).size, JSON.stringify(starts)).toBe(15);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
