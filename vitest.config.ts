import { defineConfig } from "vitest/config";

import { SOAK } from "./test/kit/cases.ts";

export default defineConfig({
  test: {
    // A file that collects nothing, or a filter that matches nothing, is a failure: leave `passWithNoTests` off.
    pool: "forks",
    // V8 at times aborts while it frees wrappers of WebAssembly that threads have replaced by faster ones
    // (nodejs/node#64500). Node reads TypeScript by WebAssembly in each thread that a test starts, so tests
    // neither replace wrappers nor free them.
    execArgv: ["--no-wasm-code-gc", "--wasm-wrapper-tiering-budget=1000000000"],
    globalSetup: "test/kit/scratch-folder.ts",
    // Programs that tests start are those of a build, which the first test that needs one makes.
    setupFiles: ["test/kit/random-cases.ts", "test/kit/built-programs.ts"],
    // The machine that checks has two cores; a test never depends on how many there are.
    maxWorkers: 2,
    // Only there to end what hangs: a test that is merely slow on a busy machine is not wrong.
    testTimeout: SOAK ? 3_600_000 : 120_000,
    hookTimeout: 120_000,
    coverage: { provider: "v8", include: ["runtime/**/*.ts", "language-server/**/*.ts"] },
    projects: [
      {
        extends: true,
        test: {
          // Rooms, properties, contracts, and commands as a user gives them.
          name: "rooms",
          include: ["test/**/*.test.ts"],
          exclude: ["test/architecture/**", "test/bundle/**", "test/engines/**"],
        },
      },
      { extends: true, test: { name: "architecture", include: ["test/architecture/**/*.test.ts"] } },
      // Real engines of containers, one for all of its files.
      {
        extends: true,
        test: {
          name: "engines",
          include: ["test/engines/**/*.test.ts"],
          globalSetup: ["test/engines/global-setup.ts"],
        },
      },
      // Runs a build far from its sources, on bad days too.
      { extends: true, test: { name: "bundle", include: ["test/bundle/**/*.test.ts"] } },
    ],
  },
});
