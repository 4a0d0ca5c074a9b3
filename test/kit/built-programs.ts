/**
 * In the test's own process `writ` runs from its sources, while the threads and processes that it starts run
 * from a build, in every test file: there they cost a fraction.
 */
import { pathToFileURL } from "node:url";
import { vi } from "vitest";

import { builtWrit } from "./built-writ.ts";

// Nothing is built for a test that never comes to this file.
vi.mock(import("#host/compose/program-files.ts"), async (original) => {
  const { builtFiles } = await original();
  const files = builtFiles(pathToFileURL(`${await builtWrit()}/`));
  return { builtFiles, programFiles: () => files };
});
