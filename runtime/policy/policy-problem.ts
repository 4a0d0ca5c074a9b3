import { POLICY_PROBLEM_CODES } from "#protocol/policy-problems.ts";
import type { Problem } from "#protocol/problem.ts";
import type { SourceRange } from "#protocol/source.ts";

/** What keeps a policy from being enforced as written; nothing runs while one stands. */
export const policyError = (
  kind: keyof typeof POLICY_PROBLEM_CODES,
  message: string,
  range: SourceRange,
  more: { readonly help?: string | undefined; readonly fix?: NonNullable<Problem["fix"]> } = {},
): Problem => ({
  code: POLICY_PROBLEM_CODES[kind],
  class: "enforcement",
  severity: "error",
  message,
  range,
  ...(more.help === undefined ? {} : { help: more.help }),
  ...(more.fix === undefined ? {} : { fix: more.fix }),
});

/** What is worth knowing and changes nothing. */
export const policyWarning = (
  kind: keyof typeof POLICY_PROBLEM_CODES,
  message: string,
  range: SourceRange,
  help?: string,
): Problem => ({
  code: POLICY_PROBLEM_CODES[kind],
  class: "quality",
  severity: "warning",
  message,
  range,
  ...(help === undefined ? {} : { help }),
});
