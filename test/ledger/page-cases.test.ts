import { describe, expect, test } from "vitest";
import { pageCases } from "./page-cases/all-cases.ts";
import { verifyLog } from "./second-verifier.ts";

/** Logs by a small writer of our own, each right or wrong in one thing that the page speaks of. */

describe.each(Object.entries(pageCases))("%s", (_, cases) => {
  test.each(cases.map((pageCase) => [pageCase.name, pageCase] as const))("%s", (_, { log, expected }) => {
    expect(verifyLog(log()).faults[0] ?? null).toEqual(expected);
  });
});
