import { defineConfig } from "vitest/config";

const lib = (path: string): string => new URL(`lib/${path}`, import.meta.url).pathname;

/** The proof has a command of its own: npm run test:proof. */
const PROOF = ["test/simulation/**", "test/torture/**"];
const ALL = ["test/**/*.test.ts"];
/** Files that share a process with others of this list: they leave nothing behind in it, and listen to nothing but their own. */
const SHARED = [
  "test/{client,contract,core,dynamodb,middy,testing}/**/*.test.ts",
  "test/cdk/!(reference-app|metrics-emitted).test.ts",
];

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
    // The CDK's check of each template against CloudFormation's rules takes five seconds in each process that synthesizes.
    // reference-app.test.ts turns it on again, for the templates that are deployed.
    env: { CDK_VALIDATION: "false" },
    globalSetup: ["test/support/temporary-folder.ts", "test/support/built-cli.ts"],
    // Many tests wait for real time, so two files at a time pay on a machine of two cores, too.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
      {
        extends: true,
        test: {
          name: "own",
          include: ALL,
          // What the benchmark installs for itself has tests of its own.
          exclude: [...PROOF, ...SHARED, "**/node_modules/**"],
          // These wait for processes that they start, and for what those wait for.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
