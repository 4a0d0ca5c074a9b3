import { expect, test } from "vitest";

import { reportLines } from "#cli/test-report-text.ts";
import { verdictOf } from "#cli/test-verdict.ts";
import type { ApiOperationReport, ApiRunReport } from "#protocol/api-test-report.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const REPORT: ApiRunReport = {
  origin: "http://127.0.0.1:8080",
  seed: 1,
  requests: 12,
  requestsRecorded: 12,
  casesPlanned: 30,
  casesSent: 12,
  operations: [
    { method: "GET", path: "/a", sent: 12, asExpected: 12, notJudged: 0, validTaken: 4, validUntaken: [] },
  ],
  failures: [],
  warnings: [],
  notSent: [],
  leftOut: [],
  ended: "completed",
  unjudged: null,
};

const textOf = (report: Partial<ApiRunReport>): string =>
  reportLines({ ...REPORT, ...report }, [], null, createTerminalFake([], { columns: 100 })).join("\n");

test("a run that went through without a failure contradicts nothing", () => {
  expect(textOf({ casesSent: 30 })).toContain("nothing contradicts the document");
});

/** An operation whose valid requests were answered so, and none taken. */
const untaken = (path: string, ...statuses: readonly number[]): ApiOperationReport => ({
  method: "GET",
  path,
  sent: 6,
  asExpected: 0,
  notJudged: 6,
  validTaken: 0,
  validUntaken: statuses.map((status) => ({ status, count: 3 })),
});

test.each([
  [404, "compare --origin, and the path of the document's `servers`"],
  [401, "--credential gives one"],
  [403, "--credential gives one"],
  [429, "send fewer with --rate"],
  [503, "its own log says why"],
  [301, "redirects are not followed"],
  [409, "one request by hand shows what it wants"],
])("a server that answers %i to everything proves nothing, and the report says why", (status, remedy) => {
  const report = { ...REPORT, operations: [untaken("/a", status), untaken("/b", status)] };
  const text = textOf(report).replaceAll(/\n +/g, " ");
  expect(verdictOf(report)).toBe("unproven");
  expect(text).toContain(
    `no valid request of any operation was taken: the server answered ${status} to 6 of them.`,
  );
  expect(text).toContain(remedy);
  expect(text).toContain(
    `GET /b: 6 sent, 0 as expected, 6 whose answer proves nothing; none of its valid requests was taken (${status}), so nothing is proven of it`,
  );
  expect(text).toMatch(/nothing was proven$/);
});

test("a run that proved something says of how many operations it proved nothing", () => {
  const report = { ...REPORT, operations: [...REPORT.operations, untaken("/b", 404, 401)] };
  expect(verdictOf(report)).toBe("sound");
  const text = textOf(report).replaceAll(/\n +/g, " ");
  expect(text).toContain("none of its valid requests was taken (404, 401)");
  expect(text).not.toContain("no valid request of any operation");
  expect(text).toMatch(/as far as it was shown: nothing is proven of 1 of 2 operations$/);
});

test("a run whose budget was used up says what was not shown, and nothing good", () => {
  const text = textOf({ ended: "budget" });
  expect(text).toContain("--requests-max raises it");
  expect(text).toContain("no failure so far; 18 cases showed nothing");
  expect(text).not.toContain("nothing contradicts the document");
  expect(verdictOf({ ...REPORT, ended: "budget" })).toBe("incomplete");
});

test("a run whose server stopped answering says what was not shown, and nothing good", () => {
  const text = textOf({ ended: "silent" });
  expect(text).not.toContain("nothing contradicts the document");
  expect(text).toContain("no failure so far; 18 cases showed nothing");
});

test.each([
  [12, 12, "the ledger could not be written, so nothing more was sent: 18 cases were not sent, or not"],
  [30, 30, "the ledger could not be written, so nothing more was sent\n"],
])(
  "a run that could not be recorded says what is on record, and nothing good",
  (casesSent, requests, said) => {
    const text = textOf({ ended: "unrecorded", casesSent, requests, requestsRecorded: 7 });
    expect(text).toContain(said);
    expect(text).toContain(`7 of ${requests} requests are known to be on record`);
    expect(text).toContain("no failure so far");
    expect(text).not.toContain("nothing contradicts the document");
  },
);

test("a report of a large document is bounded, and the rest is counted", () => {
  const place = {
    file: "big.json",
    pointer: "",
    range: { line: 1, column: 1, endLine: 1, endColumn: 2, span: [0, 1] as const },
  };
  const leftOut = Array.from({ length: 21_333 }, (_, index) => ({
    method: "GET",
    path: `/things/${index}`,
    place,
    why: "TRACE is not sent",
  }));
  const lines = textOf({ leftOut }).split("\n");
  expect(lines.filter((line) => line.startsWith("left out "))).toHaveLength(100);
  expect(lines).toContain("and 21233 more operations that are left out, which --json lists");
  expect(lines.length).toBeLessThan(130);
});
