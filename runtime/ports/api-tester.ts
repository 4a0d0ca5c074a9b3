import type { Fault, Result } from "#kernel/result.ts";
import type {
  ApiAnswer,
  ApiCredentialChoice,
  ApiFinding,
  ApiTestAgent,
  ApiTestCase,
  ApiTestPlan,
} from "#protocol/api-test.ts";
import type { Problem } from "#protocol/problem.ts";

/**
 * Makes test cases of one document and judges answers to them, behind a wall: whatever document or answer do
 * to their readers, the caller lives on. Calls wait for their turn, which does not count against their deadline.
 *
 * Not promised: that anything outlives a fault. After one, the plan has to be made again.
 */
export interface ApiTester {
  /** Reads the document and what it refers to. The plan is null when nothing of it can be used. */
  plan(input: PlanInput, signal: AbortSignal): Promise<Result<PlannedTests, ApiTesterFault>>;
  /** What is wrong with an answer to a case of the plan, or of `smaller`. */
  judge(
    caseId: string,
    answer: ApiAnswer,
    signal: AbortSignal,
  ): Promise<Result<readonly ApiFinding[], ApiTesterFault>>;
  /** Smaller cases that test the same; boldest first. */
  smaller(caseId: string, signal: AbortSignal): Promise<Result<readonly ApiTestCase[], ApiTesterFault>>;
  close(): Promise<void>;
}

export interface PlanInput {
  /** Workspace-relative, `/`-separated. */
  readonly file: string;
  /** A whole number of 32 bits. */
  readonly seed: number;
  readonly agents: readonly ApiTestAgent[];
  readonly casesMax: number;
  readonly casesPerOperationMax: number;
  /** Names only: whoever plans and judges never has a credential. */
  readonly credentials: readonly ApiCredentialChoice[];
}

export interface PlannedTests {
  readonly plan: ApiTestPlan | null;
  readonly problems: readonly { readonly file: string; readonly problem: Problem }[];
}

export type ApiTesterFault = Fault<"APITEST_TIMEOUT" | "APITEST_CRASHED">;
