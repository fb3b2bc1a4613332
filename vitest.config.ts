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
    // The CDK's check of each template against CloudFormation's rules takes five seconds in each process that synthesizes.
    // reference-app.test.ts turns it on again, for the templates that are deployed.
    env: { CDK_VALIDATION: "false" },
    globalSetup: ["test/support/temporary-folder.ts", "test/support/built-cli.ts"],
    // Many tests wait for real time, so two files at a time pay on a machine of two cores, too.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
