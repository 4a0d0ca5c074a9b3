import type { PlannedTests } from "#ports/api-tester.ts";
import { readTestPlan } from "#protocol/api-test-schema.ts";
import { readProblems } from "#protocol/problem-schema.ts";

/** What the thread sent, if that is what planning gives. The thread has read a hostile document. */
export const readPlanned = (answer: unknown): PlannedTests | undefined => {
  if (typeof answer !== "object" || answer === null) return undefined;
  if (!("plan" in answer) || !("problems" in answer) || !Array.isArray(answer.problems)) return undefined;
  const problems = answer.problems.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null || !("file" in each) || !("problem" in each)) return [];
    const [problem] = readProblems([each.problem]) ?? [];
    return typeof each.file !== "string" || problem === undefined ? [] : [{ file: each.file, problem }];
  });
  if (problems.length !== answer.problems.length) return undefined;
  if (answer.plan === null) return { plan: null, problems };
  const plan = readTestPlan(answer.plan);
  return plan === undefined ? undefined : { plan, problems };
};
