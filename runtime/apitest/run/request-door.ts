import type { Fault, Result } from "#kernel/result.ts";
import type { HttpAnswer, HttpFault } from "#ports/http-transport.ts";
import type { ApiOperation, ApiTestCase } from "#protocol/api-test.ts";
import type { ApiUnsent } from "#protocol/api-test-report.ts";

/**
 * Whoever decides about the requests of a run and is the only one who sends any. Here stands what a run
 * needs of it; behind it are the policies and the ledger.
 */
export interface RequestDoor {
  /** As `URL.origin` writes it. */
  readonly origin: string;
  /** Requests that went out so far, also those without an answer. */
  readonly requests: number;
  /** Those of them whose records are known to be durable. */
  readonly requestsRecorded: number;
  /** Whether no request of this case went out whose record is not known to be durable. */
  isRecorded(testCase: ApiTestCase): boolean;
  /**
   * Has the work of one operation done if its requests may be sent, and resolves when the work is over. A
   * fault ends the run: nothing more can be sent. Rejects with an AbortError when aborted.
   */
  pass(
    pass: { readonly operation: ApiOperation; readonly requestsMax: number },
    work: OperationWork,
    signal: AbortSignal,
  ): Promise<Result<Passage, Fault<string>>>;
}

/**
 * Sends what it wants to send of one operation. When it settles nothing of it is under way any more, and
 * `send` is of no use from then on. Rejects with an AbortError when `signal` is aborted.
 */
export type OperationWork = (send: SendCase, signal: AbortSignal) => Promise<void>;

export type SendCase = (testCase: ApiTestCase, signal: AbortSignal) => Promise<Sending>;

export type Sending = Sent | Unsendable;

export type Sent = Result<HttpAnswer, HttpFault>;

/** Nothing was sent: the budget is used up, or this very request is not one that may be. */
export type Unsendable = "spent" | "denied";

/** Whether the transport sent nothing, as the request cannot be sent: neither an answer nor silence. */
export const isUnsendable = (sending: Sending): boolean =>
  typeof sending !== "string" && !sending.ok && sending.fault.code === "HTTP_UNSENDABLE";

export type Passage =
  | { readonly k: "passed" }
  /** The ledger refused, before the work or in the midst of it: nothing is sent any more. */
  | { readonly k: "unrecorded" }
  /** The work was not begun, or was ended before its time. */
  | ({ readonly k: "stopped" } & Pick<ApiUnsent, "why" | "message" | "rules">);
