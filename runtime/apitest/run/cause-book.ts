import type { ApiFinding, ApiRequest, ApiTestCase } from "#protocol/api-test.ts";

import type { OperationBook } from "./operation-book.ts";
import type { ApiCauseReport } from "#protocol/api-test-report.ts";

/** All findings of one cause. */
export interface Cause {
  readonly finding: ApiFinding;
  readonly example: ApiTestCase;
  readonly status: number | null;
  readonly reproduced: boolean | null;
  readonly count: number;
}

/** Findings by their cause: a thousand answers with one mistake are one entry. */
export class CauseBook {
  private readonly causes = new Map<string, Cause>();

  add(testCase: ApiTestCase, status: number | null, finding: ApiFinding): void {
    const known = this.causes.get(finding.cause);
    if (known === undefined) {
      this.causes.set(finding.cause, { finding, example: testCase, status, reproduced: null, count: 1 });
      return;
    }
    const isSmaller = sizeOf(testCase) < sizeOf(known.example);
    // A failure beside warnings of the same cause makes all of it one.
    const worse = finding.severity === "failure" ? finding : known.finding;
    this.causes.set(finding.cause, {
      ...known,
      finding: worse,
      count: known.count + 1,
      ...(isSmaller ? { example: testCase, status } : {}),
    });
  }

  /**
   * Raises refusals of valid requests that prove something: a value on a documented bound that is refused
   * where the same request without it is taken, and an operation that takes none of its valid requests.
   */
  settle(operations: OperationBook): void {
    for (const [key, cause] of this.causes) {
      const { finding, example } = cause;
      if (finding.check !== "valid-accepted") continue;
      const isOnBound = example.rule !== null && operations.isPlainestTaken(example);
      const isRefusal = cause.status === 400 || cause.status === 422;
      const isSure = (isOnBound && isRefusal) || (example.isPlainest && operations.isAlwaysRefused(example));
      if (isSure) this.causes.set(key, { ...cause, finding: { ...finding, severity: "failure" } });
    }
  }

  get failures(): readonly Cause[] {
    return [...this.causes.values()].filter(({ finding }) => finding.severity === "failure");
  }

  replace(old: Cause, better: Pick<Cause, "example" | "status" | "reproduced">): void {
    this.causes.set(old.finding.cause, { ...old, ...better });
  }

  reports(
    curlOf: (request: ApiRequest) => string,
    isRecorded: (testCase: ApiTestCase) => boolean,
  ): readonly ApiCauseReport[] {
    return [...this.causes.values()].map(({ finding, example, status, reproduced, count }) => ({
      check: finding.check,
      cause: finding.cause,
      message: finding.message,
      place: finding.place,
      severity: finding.severity,
      count,
      example,
      status,
      reproduced,
      recorded: isRecorded(example),
      curl: curlOf(example.request),
    }));
  }
}

const sizeOf = ({ request }: ApiTestCase): number =>
  request.target.length + (request.body?.length ?? 0) + request.headers.flat().join("").length;
