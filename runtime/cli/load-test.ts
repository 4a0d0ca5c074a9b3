import { openTestTarget, runApiTests } from "#host/compose/api-test-run.ts";
import { openApiTests, suiteText } from "#host/compose/api-tests.ts";

import type { TestCommandDeps } from "./test-deps.ts";
import { createTestGenerate } from "./test-generate.ts";
import { createTestRun } from "./test-run.ts";
import { VERSION } from "./version.ts";
import { writeSuite } from "./write-suite.ts";

const deps: TestCommandDeps = {
  open: openApiTests,
  openTarget: openTestTarget,
  run: runApiTests,
  suiteText: (plan, document, seed) => suiteText(plan, document, seed, VERSION),
  writeSuite,
};

/** `writ test generate` and `run`. */
export const testCommands = [createTestGenerate(deps), createTestRun(deps)];
