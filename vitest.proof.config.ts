import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** The share of simulation, planted bugs and torture that every change pays for. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/simulation/**/*.test.ts", "test/torture/**/*.test.ts"],
    exclude: [],
    projects: undefined,
    // Each of these uses all cores by itself, and torture wants to be alone.
    maxWorkers: 1,
  },
});
