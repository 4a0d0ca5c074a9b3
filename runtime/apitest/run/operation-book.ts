import type { ApiFinding, ApiTestCase, ApiTestPlan } from "#protocol/api-test.ts";

import type { ApiOperationReport } from "#protocol/api-test-report.ts";

interface Page {
  sent: number;
  asExpected: number;
  /** Invalid requests that were refused, before anybody knows what that proves. */
  refused: number;
  /** Requests of which the document leaves the answer open, and that broke nothing. */
  survived: number;
  /** Whether the plainest valid request was answered 2xx. */
  isPlainestTaken: boolean;
  validTaken: number;
  validRefused: number;
  /** Valid requests whose answer says nothing: not there, not allowed, in conflict. */
  validOpen: number;
  /** How often which status was the answer to a valid request that was not taken. */
  readonly untaken: Map<number, number>;
}

/** What is known of each operation: whether its valid requests are taken decides what other answers prove. */
export class OperationBook {
  private readonly pages: ReadonlyMap<string, Page>;
  private readonly plan: ApiTestPlan;

  constructor(plan: ApiTestPlan) {
    this.plan = plan;
    this.pages = new Map(plan.operations.map((operation) => [nameOf(operation), newPage()]));
  }

  /** `status` is null where there was no answer. */
  add(testCase: ApiTestCase, status: number | null, findings: readonly ApiFinding[]): void {
    const page = this.pages.get(nameOf(testCase));
    if (page === undefined) return;
    page.sent += 1;
    const isSuccess = status !== null && status >= 200 && status < 300;
    // A redirect that is documented is what the document promises; an undocumented one has a finding.
    const isTaken = isSuccess || (status !== null && status >= 300 && status < 400 && findings.length === 0);
    if (testCase.expectation === "accepted") {
      if (isTaken) page.validTaken += 1;
      else if (status !== null) page.untaken.set(status, (page.untaken.get(status) ?? 0) + 1);
      if (isSuccess && testCase.isPlainest) page.isPlainestTaken = true;
      if (findings.some(({ check }) => check === "valid-accepted")) page.validRefused += 1;
      if (isTaken && findings.length === 0) page.asExpected += 1;
      if (!isTaken && status !== null && findings.length === 0) page.validOpen += 1;
    } else if (testCase.expectation === "rejected") {
      if (status !== null && status >= 400 && status < 500) page.refused += 1;
    } else if (status !== null && status < 500) page.survived += 1;
  }

  /** Whether the plainest request was taken, so that a neighbour's refusal is about what differs. */
  isPlainestTaken(testCase: ApiTestCase): boolean {
    return this.pages.get(nameOf(testCase))?.isPlainestTaken === true;
  }

  /** Whether valid requests were refused as wrong and none was taken. */
  isAlwaysRefused(testCase: ApiTestCase): boolean {
    const page = this.pages.get(nameOf(testCase));
    return page !== undefined && page.validTaken === 0 && page.validRefused > 0;
  }

  get reports(): readonly ApiOperationReport[] {
    return this.plan.operations.map((operation) => {
      const page = this.pages.get(nameOf(operation)) ?? newPage();
      const { method, path } = operation;
      // Where no valid request is taken, anything may be the reason of an answer.
      const open = page.refused + page.survived;
      const proven = page.validTaken > 0 ? open : 0;
      return {
        method,
        path,
        sent: page.sent,
        asExpected: page.asExpected + proven,
        notJudged: open - proven + page.validOpen,
        validTaken: page.validTaken,
        validUntaken: [...page.untaken]
          .map(([status, count]) => ({ status, count }))
          .sort((left, right) => right.count - left.count || left.status - right.status),
      };
    });
  }
}

const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path}`;

const newPage = (): Page => ({
  sent: 0,
  asExpected: 0,
  refused: 0,
  survived: 0,
  isPlainestTaken: false,
  validTaken: 0,
  validRefused: 0,
  validOpen: 0,
  untaken: new Map(),
});
