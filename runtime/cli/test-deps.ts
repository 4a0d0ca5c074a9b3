import type { ApiTests, ApiTestsOf, ApiTestsRefusal } from "#host/compose/api-tests.ts";
import type {
  TestRunOf,
  TestRunPeople,
  TestRunRefusal,
  TestTarget,
  TestTargetOf,
} from "#host/compose/api-test-run.ts";
import type { RecordedTests } from "#host/tests/run-tests.ts";
import type { Result } from "#kernel/result.ts";
import type { ApiTestPlan } from "#protocol/api-test.ts";

import type { writeSuite } from "./write-suite.ts";

/** What `writ test` needs of the outside. */
export interface TestCommandDeps {
  open(of: ApiTestsOf, signal: AbortSignal): Promise<Result<ApiTests, ApiTestsRefusal>>;
  openTarget(of: TestTargetOf): Promise<Result<TestTarget, TestRunRefusal>>;
  run(
    tests: ApiTests,
    plan: ApiTestPlan,
    target: TestTarget,
    of: TestRunOf,
    people: TestRunPeople,
    signal: AbortSignal,
  ): Promise<Result<RecordedTests, TestRunRefusal>>;
  suiteText(plan: ApiTestPlan, document: string, seed: number): string;
  /** Replaces only a file that is one of ours or is not there. */
  readonly writeSuite: typeof writeSuite;
}
