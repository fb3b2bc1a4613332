import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** The tests that decide over a mutant: those of the pure core, of the client, and the contract in memory. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    // It is not there where mutants are tried, and nothing here makes a folder.
    globalSetup: [],
    projects: undefined,
    include: [
      "test/core/**/*.test.ts",
      "test/client/**/*.test.ts",
      "test/contract/in-memory.test.ts",
      "test/dynamodb/expressions.test.ts",
    ],
  },
});
