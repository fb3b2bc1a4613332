import { defineConfig } from "vitest/config";

const lib = (path: string): string => new URL(`lib/${path}`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    // Examples import the package by its name; here that is the source.
    alias: [
      { find: /^leasehold$/, replacement: lib("index.ts") },
      { find: /^leasehold\/dynamodb$/, replacement: lib("dynamodb.ts") },
      { find: /^leasehold\/(\w+)$/, replacement: `${lib("")}$1/index.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // The proof has a command of its own: npm run test:proof.
    exclude: ["test/simulation/**", "test/torture/**"],
    globalSetup: "test/support/temporary-folder.ts",
    // Many tests wait for real time, so two files at a time pay on a machine of two cores, too.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
