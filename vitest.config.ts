import { defineConfig } from "vitest/config";

/** `unit` needs nothing but Node; `e2e` needs the build, browsers and foreign peers (`npm test` provides them). */
export default defineConfig({
  test: {
    projects: [
      // No test asserts a speed: the limit ends what hangs, however busy the machine is.
      { test: { name: "unit", include: ["packages/*/test/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "e2e",
          include: ["testkit/**/*.test.ts", "e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Two cores: one file at a time, so that a browser's start never makes a neighbour late.
          fileParallelism: false,
        },
      },
    ],
  },
});
