import type { ApiCheck, ApiPlace, ApiTestCase } from "./api-test.ts";

/* What a run of API tests found, as `writ test run --json` says it. */

/** What a run of test cases found. */
export interface ApiRunReport {
  readonly origin: string;
  readonly seed: number;
  /** Requests sent, those for shrinking included. */
  readonly requests: number;
  readonly casesPlanned: number;
  readonly casesSent: number;
  readonly operations: readonly ApiOperationReport[];
  /** What contradicts the document, one entry a cause, in the order of the document. */
  readonly failures: readonly ApiCauseReport[];
  /** What is worth a look and proves nothing. */
  readonly warnings: readonly ApiCauseReport[];
  readonly ended: ApiRunEnd;
}

export type ApiRunEnd =
  | "completed"
  /** The budget of requests was used up before all cases were sent. */
  | "budget"
  /** The server stopped answering. */
  | "silent";

export interface ApiOperationReport {
  readonly method: string;
  readonly path: string;
  readonly sent: number;
  /** Valid requests that were taken, and invalid ones that were refused. */
  readonly asExpected: number;
  /**
   * Valid requests whose answer says nothing against them (404 for an id that was made up), and refusals of
   * invalid ones that prove nothing because no valid one was taken either.
   */
  readonly notJudged: number;
}

export interface ApiCauseReport {
  readonly check: ApiCheck;
  readonly cause: string;
  readonly message: string;
  readonly place: ApiPlace;
  readonly severity: "failure" | "warning";
  /** Cases that show it. */
  readonly count: number;
  /** The smallest case that is known to show it. */
  readonly example: ApiTestCase;
  readonly status: number | null;
  /** Whether it showed again when it was sent once more; null where the budget did not allow to ask. */
  readonly reproduced: boolean | null;
  /** A command line that sends the example, secrets left out. */
  readonly curl: string;
}
