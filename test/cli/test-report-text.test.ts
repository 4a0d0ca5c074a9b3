import { expect, test } from "vitest";

import { reportLines } from "#cli/test-report-text.ts";
import type { ApiRunReport } from "#protocol/api-test-report.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const REPORT: ApiRunReport = {
  origin: "http://127.0.0.1:8080",
  seed: 1,
  requests: 12,
  requestsRecorded: 12,
  casesPlanned: 30,
  casesSent: 12,
  operations: [],
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
