/**
 * In the test's own process `writ` runs from its sources, while the threads and processes that it starts run
 * from a build, in every test file: there they cost a fraction. And all commands of a test file have one
 * embedded sandbox, as all runs of a host have: what a command as a process tries out anew, with a process
 * for each limit, is tried out once.
 */
import { pathToFileURL } from "node:url";
import { vi } from "vitest";

import type { SandboxProvider } from "#ports/sandbox.ts";

import { builtWrit } from "./built-writ.ts";

// Nothing is built for a test that never comes to this file.
vi.mock(import("#host/compose/program-files.ts"), async (original) => {
  const { builtFiles } = await original();
  const files = builtFiles(pathToFileURL(`${await builtWrit()}/`));
  return { builtFiles, programFiles: () => files };
});

vi.mock(import("#host/compose/run.ts"), async (original) => {
  const { sandboxProviders, ...rest } = await original();
  let embedded: SandboxProvider | undefined;
  return {
    ...rest,
    sandboxProviders: (surroundings) =>
      sandboxProviders(surroundings).map((provider) =>
        // Nothing of a command's surroundings is in it.
        provider.tier === "wasm" ? (embedded ??= provider) : provider,
      ),
  };
});
