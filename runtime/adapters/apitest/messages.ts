import type { Result } from "#kernel/result.ts";
import type { PlanInput } from "#ports/api-tester.ts";
import type { DocumentFileFault } from "#ports/document-files.ts";
import type { ApiAnswer } from "#protocol/api-test.ts";

/* What passes between the thread that reads API documents and whoever started it; both stand in one build. */

export type TesterJob =
  | { readonly k: "plan"; readonly input: PlanInput }
  | { readonly k: "judge"; readonly caseId: string; readonly answer: ApiAnswer }
  | { readonly k: "smaller"; readonly caseId: string };

export type ToTester =
  | { readonly k: "job"; readonly job: TesterJob }
  /** The answer to a `read`. */
  | { readonly k: "file"; readonly file: Result<Uint8Array, DocumentFileFault> };

export type FromTester =
  /** The thread has no files; it asks for each. */
  | { readonly k: "read"; readonly path: string }
  /** To be read with suspicion. */
  | { readonly k: "done"; readonly value: unknown };
