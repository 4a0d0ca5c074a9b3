import type { ApiCheck, ApiLeftOut, ApiPlace, ApiTestCase } from "./api-test.ts";
import type { RuleCitation } from "./policy-vocabulary.ts";

/* What a run of API tests found, as `writ test run --json` says it. */

/** What a run of test cases found. */
export interface ApiRunReport {
  readonly origin: string;
  readonly seed: number;
  /** Requests sent, those for shrinking included. */
  readonly requests: number;
  /**
   * Those of them that are known to be on record: all, unless the ledger refused. Of the others some may stand
   * there as well, and nobody vouches for them.
   */
  readonly requestsRecorded: number;
  readonly casesPlanned: number;
  /** Cases that were sent and answered, or of which it is known that no answer comes. */
  readonly casesSent: number;
  readonly operations: readonly ApiOperationReport[];
  /** What contradicts the document, one entry a cause, in the order of the document. */
  readonly failures: readonly ApiCauseReport[];
  /** What is worth a look and proves nothing. */
  readonly warnings: readonly ApiCauseReport[];
  /** What was not sent because it may not be, in the order of the document. */
  readonly notSent: readonly ApiUnsent[];
  /** Operations that no test is made of. */
  readonly leftOut: readonly ApiLeftOut[];
  readonly ended: ApiRunEnd;
  /** The answer that nobody could judge, and with it no later one; null where there was none. */
  readonly unjudged: ApiUnjudged | null;
}

/** Cases of an operation that were not sent. */
export interface ApiUnsent {
  readonly method: string;
  readonly path: string;
  readonly place: ApiPlace;
  readonly cases: number;
  readonly why: ApiUnsentReason;
  /** One sentence, safe to print. */
  readonly message: string;
  /** The rules that say so. */
  readonly rules: readonly RuleCitation[];
}

export type ApiUnsentReason =
  /** By the policies, which do not permit the operation. */
  | "denied"
  /** By the policies, which permit the operation and not the paths that these requests go to. */
  | "path-denied"
  /** By a person, or because nobody could be asked. */
  | "refused"
  /** By the run: one case after another had no complete answer, and the next operation was tried instead. */
  | "silent"
  /** By the transport: such a request cannot be sent as it stands. */
  | "unsendable"
  /** A rule gives the operation a time, and it was over. */
  | "time-limit";

export type ApiRunEnd =
  | "completed"
  /** The budget of requests was used up before all cases were sent. */
  | "budget"
  /** Cases one after another had no complete answer, so that the others were not sent. */
  | "silent"
  /** An answer kept whoever judges it too busy, or ended it. */
  | "unjudged"
  /** The ledger refused: nothing more was sent, and how the run ended is not on record. */
  | "unrecorded"
  /** Somebody ended it. */
  | "interrupted";

/** Whose answer could not be judged. */
export interface ApiUnjudged {
  readonly method: string;
  readonly path: string;
  readonly place: ApiPlace;
  /** One sentence without a full stop, safe to print. */
  readonly message: string;
  /** A command line that sends the request, with the variables of credentials in their places. */
  readonly curl: string;
}

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
  /**
   * Valid requests that were taken: answered 2xx, or 3xx where the document says so. Without one nothing is
   * proven of the operation, as whatever refuses everything answers just like that.
   */
  readonly validTaken: number;
  /** What was answered to its other valid requests, the most frequent status first. */
  readonly validUntaken: readonly { readonly status: number; readonly count: number }[];
}

export interface ApiCauseReport {
  readonly check: ApiCheck;
  readonly cause: string;
  readonly message: string;
  readonly place: ApiPlace;
  readonly severity: "failure" | "warning";
  /** Cases that show it. */
  readonly count: number;
  /** The parts of a request that those cases are about, as `body` or `query limit`; each once. */
  readonly parts: readonly string[];
  /** The smallest case that is known to show it. */
  readonly example: ApiTestCase;
  readonly status: number | null;
  /** Whether it showed again when it was sent once more; null where the budget did not allow to ask. */
  readonly reproduced: boolean | null;
  /** Whether each request of the example that was sent is known to be on record. */
  readonly recorded: boolean;
  /** A command line that sends the example, with the variables of credentials in their places. */
  readonly curl: string;
}
