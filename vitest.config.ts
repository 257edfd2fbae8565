import { defineConfig } from "vitest/config";

/** Awaited, not measured: by itself a poll gives up after a second, which is short on a busy machine. */
const POLL = { interval: 10, timeout: 8_000 };

/** `unit` needs nothing but Node; `e2e` needs the build, browsers and foreign peers (`npm test` provides them). */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts"],
          // No test asserts a speed: the limit ends what hangs, however busy the machine is.
          testTimeout: 30_000,
          // A process for each of 70 files takes as long as half of the tests. They leave nothing behind: there is no state
          // in modules, and what a test replaces it puts back.
          isolate: false,
          expect: { poll: POLL },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["testkit/**/*.test.ts", "e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Two cores: one file at a time, so that a browser's start never makes a neighbour late.
          fileParallelism: false,
          expect: { poll: POLL },
        },
      },
    ],
  },
});
